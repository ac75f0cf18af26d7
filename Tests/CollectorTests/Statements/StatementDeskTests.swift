import Testing

@testable import Collector

/// Which names a server may remember: those whose texts are in the spool before them.
@Suite struct StatementDeskTests {
    private let desk = StatementDesk()

    private func read(_ instance: String, _ queryid: Int64, _ text: String) {
        desk.work(
            [StatementTexts.Text(queryid: queryid, text: text, fullLength: Int64(text.utf8.count))], instance: instance,
            seenAt: 0)
    }

    @Test func `A name waits until the text that another server carries is stored`() throws {
        defer { desk.stop() }
        read("a", 1, "SELECT x FROM t")
        read("b", 2, "SELECT x FROM t")
        // Killed here, b would remember a name whose text nobody stored.
        let early = desk.collect("b")
        #expect(early.names.isEmpty && early.messages.isEmpty)
        let carrier = desk.collect("a")
        let name = try #require(carrier.names.first?.name)
        #expect(carrier.messages.map(\.key) == [name])
        let during = desk.collect("b")
        #expect(during.names.isEmpty)
        // a asks again: its batch is stored.
        let next = desk.collect("a")
        #expect(next.names.isEmpty && next.messages.isEmpty)
        let late = desk.collect("b")
        #expect(late.names.map(\.name) == [name] && late.names.map(\.queryid) == [2])
        #expect(late.messages.isEmpty)
        read("c", 3, "SELECT x FROM t")
        let known = desk.collect("c")
        #expect(known.names.map(\.name) == [name] && known.messages.isEmpty)
    }

    @Test func `A server's own statements of one name share the text`() {
        defer { desk.stop() }
        read("a", 1, "SELECT y FROM t")
        read("a", 2, "SELECT y FROM t")
        let first = desk.collect("a")
        #expect(first.names.count == 2 && first.messages.count == 1)
        read("a", 3, "SELECT y FROM t")
        let second = desk.collect("a")
        #expect(second.names.map(\.queryid) == [3] && second.messages.isEmpty)
    }

    @Test func `What was remembered over a restart is not said again`() {
        defer { desk.stop() }
        read("a", 1, "SELECT z FROM t")
        let first = desk.collect("a")
        let restarted = StatementDesk()
        defer { restarted.stop() }
        restarted.knows(first.names.map(\.name))
        restarted.work(
            [StatementTexts.Text(queryid: 2, text: "SELECT z FROM t", fullLength: 15)], instance: "b", seenAt: 0)
        let result = restarted.collect("b")
        #expect(result.names.count == 1 && result.messages.isEmpty)
    }
}
