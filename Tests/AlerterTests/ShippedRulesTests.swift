import Codec
import Testing

@testable import Alerter

/// The shipped rules over the catalogue's own tables, from table to page.
struct ShippedRulesTests {
    /// An engine with the shipped rules on a virtual timeline.
    private final class Line {
        var engine: AlertEngine
        var now = Moment(wall: 1_700_000_000_000_000, steady: 0)
        var pages: [String] = []
        var bodies: [String] = []

        init() throws {
            var settings = EngineSettings()
            settings.notifications.receiver = "webhook"
            let rules = try RuleFile.parse(ShippedRules.text, name: "shipped", catalogue: .codec).rules
            engine = AlertEngine(rules: rules, catalogue: .codec, settings: settings)
            engine.restore(StoredState(), partitions: [0], at: now)
            engine.silence.listens(true, at: now)
        }

        func send(_ family: Family, _ cells: [[String: Cell]]) throws {
            var builder = TableBuilder(family: family, instance: "pg1", collector: "c1", serverVersion: 170_000)
            for row in cells {
                for (name, cell) in row {
                    let handle = try #require(builder.column(name), "\(family.name) has no column \(name)")
                    switch cell {
                    case .text(let text): builder.set(handle, text)
                    case .number(let number): builder.set(handle, number)
                    }
                }
                builder.endRow()
            }
            let table = builder.finish(time: now.wall, interval: 0)
            _ = engine.ingest(
                TableNews(table, partition: 0, stream: "c1/samples/pg1", reader: engine.reader), at: now)
            engine.finishBatch(at: now)
            deliver()
        }

        func cycle(_ outcome: String = "ok") throws {
            try send(
                .cycle,
                [
                    [
                        "outcome": .text(outcome), "up": .number(outcome == "ok" ? 1 : 0),
                        "next_interval": .number(10_000_000),
                    ]
                ])
        }

        func connections(_ total: Int64, of most: Int64) throws {
            try send(.connections, [["total": .number(total), "max_connections": .number(most)]])
        }

        func pass(_ seconds: Int, every ten: () throws -> Void = {}) rethrows {
            for second in 1...seconds {
                now.wall += 1_000_000
                now.steady += 1_000_000
                if second % 10 == 0 { try ten() }
                engine.tick(at: now)
                deliver()
            }
        }

        private func deliver() {
            for delivery in engine.notifications.next(at: now, limit: 100) {
                pages.append("\(delivery.kind.rawValue) \(delivery.rule)")
                bodies.append(delivery.body)
                _ = engine.notifications.finished(delivery.id, .delivered(status: 200), at: now, jitter: 0)
            }
        }
    }

    private enum Cell {
        case text(String)
        case number(Int64)
    }

    @Test func `A stopped server is one ServerDown, whatever the reasons on the way`() throws {
        let line = try Line()
        try line.cycle()
        try line.pass(10) { try line.cycle("connection") }
        var outcomes = ["timeout", "connection", "authentication", "connection"]
        try line.pass(40) { try line.cycle(outcomes.removeFirst()) }
        #expect(line.pages == ["trigger ServerDown"])
        #expect(line.bodies[0].contains("pg1 does not answer"))
        #expect(
            line.bodies[0].contains("cannot read the server (timeout)")
                || line.bodies[0].contains("cannot read the server (connection)"))
        try line.pass(30) { try line.cycle() }
        #expect(line.pages == ["trigger ServerDown", "resolve ServerDown"])
    }

    @Test func `A killed collector is one CollectorSilent`() throws {
        let line = try Line()
        try line.pass(30) {
            try line.cycle()
            try line.connections(50, of: 100)
        }
        try line.pass(300)
        #expect(line.pages == ["trigger CollectorSilent"])
        #expect(line.bodies[0].contains("Collector c1 has sent nothing of it"))
        try line.cycle()
        try line.pass(2)
        #expect(line.pages.last == "resolve CollectorSilent")
    }

    @Test func `More than four fifths of the connections for half a minute`() throws {
        let line = try Line()
        try line.connections(80, of: 100)
        try line.pass(60) { try line.connections(80, of: 100) }
        #expect(line.pages == [])
        try line.pass(20) { try line.connections(95, of: 100) }
        try line.pass(20) { try line.connections(10, of: 100) }
        #expect(line.pages == [], "a moment only")
        try line.pass(50) { try line.connections(95, of: 100) }
        #expect(line.pages == ["trigger ConnectionsNearLimit"])
        #expect(line.bodies[0].contains("pg1 uses 95% of its connections"))
        #expect(line.bodies[0].contains("95 connections"))
        try line.pass(100) { try line.connections(10, of: 100) }
        #expect(line.pages == ["trigger ConnectionsNearLimit", "resolve ConnectionsNearLimit"])
    }

    @Test func `Short lock waits are nobody's business`() throws {
        let line = try Line()
        try line.send(.lockWaits, [["pid": .number(1), "blocker_pid": .number(2), "waiting": .number(4_900_000)]])
        try line.send(.lockWaits, [])
        #expect(line.pages == [])
    }

    @Test func `Every series of the catalogue is usable or refused with a reason`() {
        for family in Catalogue.families {
            for column in family.values {
                guard let name = column.prometheusName else { continue }
                let refusal = SeriesCatalogue.codec.refusal(name)
                #expect((refusal == nil) == (column.kind == .gauge && family.kind == .gauge), "\(name)")
                #expect(refusal?.contains("no series is called") != true, "\(name)")
            }
        }
    }
}
