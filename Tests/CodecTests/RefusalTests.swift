import Codec
import Testing

struct RefusalTests {
    private let envelope = Envelope(
        Topics.samples, stream: StreamName(producer: "c1", topic: "samples", key: "pg1"), epoch: "a", sequence: 1,
        time: 5)

    /// What a check refuses; nil when it does not.
    private func reason(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            guard case .bad(let reason, let detail) = Refusal(error), !detail.isEmpty else { return "newer" }
            return reason
        }
    }

    @Test func `Errors of ours keep their code, and only a newer version waits`() {
        #expect(
            Refusal(EnvelopeError.missing(header: "x")) == .bad(reason: "header_missing", detail: "header x is missing")
        )
        #expect(
            Refusal(WireError(.truncated, at: 3, "no end"))
                == .bad(reason: "truncated", detail: "no end at byte 3 (truncated)"))
        #expect(Refusal(CancellationError()) == .bad(reason: "unusable", detail: "CancellationError()"))
        let newer = EnvelopeError.newerVersion(found: 9, supported: 1)
        #expect(Refusal(newer) == .newer(newer.description))
        #expect(Refusal(Refusal(newer)) == Refusal(newer))
    }

    @Test func `What is said of a message is short, whatever it quotes`() {
        let error = EnvelopeError.malformed(header: "ce_id", value: String(repeating: "é\u{301}", count: 1 << 18))
        guard case .bad(_, let detail) = Refusal(error) else {
            Issue.record("not bad data")
            return
        }
        #expect(detail.hasPrefix("header ce_id holds '") && detail.utf8.count < 1_100)
    }

    @Test func `A message is of its topic, and of a version that is known`() throws {
        let topic = Topics.samples.erased
        #expect(try topic.envelope(headers: envelope.headers) == envelope)
        #expect(reason { _ = try topic.envelope(headers: []) } == "header_missing")
        #expect(reason { _ = try Topics.findings.erased.envelope(headers: envelope.headers) } == "type")
        var newer = envelope
        newer.version = 2
        #expect(reason { _ = try topic.envelope(headers: newer.headers) } == "newer")
    }

    @Test func `What can be decoded and cannot be meant is refused`() {
        let good = Table(
            family: "database", instance: "a", collector: "c", time: 5, interval: 1, serverVersion: 170_000,
            rowCount: 1,
            columns: [Column("datname", .label, .none, .strings(dictionary: ["shop"], indexes: [0]))])
        func table(_ change: (inout Table) -> Void) -> String? {
            var table = good
            change(&table)
            return reason { try Plausible.check(table) }
        }
        #expect(table { _ in } == nil)
        #expect(table { $0.time = -1 } == "time")
        #expect(table { $0.time = .max } == "time")
        #expect(table { $0.interval = -1 } == "interval")
        #expect(table { $0.interval = .max } == "interval")
        #expect(table { $0.instance = "x\0y" } == "zero_byte")
        #expect(table { $0.collector = String(repeating: "c", count: 512) } == nil)
        #expect(table { $0.collector = String(repeating: "c", count: 513) } == "too_long")
        #expect(
            table { $0.columns[0].values = .strings(dictionary: [String(repeating: "x", count: 65_537)], indexes: [0]) }
                == "too_long")
        #expect(table { $0.columns[0].values = .strings(dictionary: ["a\0"], indexes: [0]) } == "zero_byte")

        #expect(reason { try Plausible.check(Finding(identity: "f", state: .opened, time: 5)) } == nil)
        #expect(reason { try Plausible.check(Finding(identity: "f", state: .opened, time: .min)) } == "time")
        #expect(reason { try Plausible.check(Finding(identity: "f\0", state: .opened, time: 5)) } == "zero_byte")
        #expect(
            reason { try Plausible.check(Finding(state: .opened, time: 5, evidence: [Label("a", "\0")])) }
                == "zero_byte")

        var bad = envelope
        bad.source = "a\0"
        #expect(reason { try Plausible.check(envelope) } == nil)
        #expect(reason { try Plausible.check(bad) } == "zero_byte")
        bad.source = String(repeating: "s", count: 513)
        #expect(reason { try Plausible.check(bad) } == "too_long")
    }
}
