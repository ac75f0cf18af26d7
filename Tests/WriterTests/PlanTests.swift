import Codec
import Kafka
import Testing

@testable import Writer

@Suite struct PlanTests {
    private let topics = InputTopics(prefix: "pganalytics.")
    private let now: Int64 = 1_790_000_000_000_000

    private func plan(
        _ records: [RecordBatch.Owned], ledger: inout StreamLedger, byteLimit: Int = 1 << 30,
        stored: [TopicPartition: Int64?] = [:]
    ) -> BatchPlan {
        BatchPlan(
            RecordBatch(records), from: 0, to: records.count, byteLimit: byteLimit, topics: topics,
            bounds: TimeBounds(past: 7 * 86_400_000_000, future: 86_400_000_000), now: now, condemned: [:],
            stored: stored, held: [:], ledger: &ledger)
    }

    private func sample(_ sequence: UInt64, _ offset: Int64, partition: Int32 = 0, version: Int = 1)
        -> RecordBatch.Owned
    {
        Messages.record(
            Messages.table("a", time: now + Int64(sequence)), sequence: sequence, offset: offset, partition: partition,
            version: version)
    }

    @Test func `What comes in sequence is stored`() {
        var ledger = StreamLedger()
        let plan = plan([sample(1, 10), sample(2, 11)], ledger: &ledger)
        #expect(plan.items.map(\.index) == [0, 1] && plan.gaps.isEmpty && plan.duplicates == 0)
        #expect(plan.next == [Messages.samples: 12])
    }

    @Test func `A message that came before is dropped and its offset passed`() {
        var ledger = StreamLedger()
        let plan = plan([sample(1, 10), sample(1, 11), sample(2, 12), sample(1, 13)], ledger: &ledger)
        #expect(plan.items.map(\.index) == [0, 2] && plan.duplicates == 2)
        #expect(plan.next == [Messages.samples: 14])
    }

    @Test func `A hole is a gap with the times around it`() {
        var ledger = StreamLedger()
        let plan = plan([sample(1, 10), sample(5, 11)], ledger: &ledger)
        #expect(plan.items.count == 2)
        #expect(plan.gaps.count == 1)
        #expect(plan.gaps.first?.first == 2 && plan.gaps.first?.last == 4)
        #expect(plan.gaps.first?.after == now + 1 && plan.gaps.first?.before == now + 5)
    }

    @Test func `A message that comes late is a duplicate, its hole stays a gap`() {
        var ledger = StreamLedger()
        let plan = plan([sample(1, 10), sample(3, 11), sample(2, 12), sample(4, 13)], ledger: &ledger)
        #expect(plan.items.map(\.index) == [0, 1, 3] && plan.gaps.count == 1 && plan.duplicates == 1)
    }

    @Test func `What a failed transaction decided is forgotten`() {
        var ledger = StreamLedger()
        _ = plan([sample(1, 10)], ledger: &ledger)
        #expect(plan([sample(1, 10)], ledger: &ledger).items.count == 1)
        ledger.commit()
        #expect(plan([sample(1, 10)], ledger: &ledger).duplicates == 1)
    }

    @Test func `Each epoch counts from one`() {
        var ledger = StreamLedger()
        let other = Messages.record(Messages.table("a", time: now), sequence: 1, offset: 11, epoch: "feed")
        #expect(plan([sample(1, 10), other], ledger: &ledger).items.count == 2)
    }

    @Test func `A newer version holds its partition, the others go on`() {
        var ledger = StreamLedger()
        let plan = plan(
            [sample(1, 10), sample(2, 11, version: 2), sample(3, 12), sample(1, 40, partition: 1)], ledger: &ledger)
        #expect(plan.items.map(\.index) == [0, 3])
        #expect(plan.held[Messages.samples]?.offset == 11)
        #expect(plan.next[Messages.samples] == 11)
        #expect(plan.next[TopicPartition(topic: Messages.samples.topic, partition: 1)] == 41)
    }

    @Test func `Every truncation of a message is bad data or a table, never a trap`() {
        let whole = sample(1, 10)
        let bytes = whole.value ?? []
        for length in 0..<bytes.count {
            var ledger = StreamLedger()
            var cut = whole
            cut.value = Array(bytes.prefix(length))
            let plan = plan([cut, sample(2, 11)], ledger: &ledger)
            #expect(plan.bad.count + plan.items.count == 2)
            #expect(plan.next[Messages.samples] == 12)
        }
    }

    @Test func `A message without headers, of another type, or without payload is bad data`() {
        var ledger = StreamLedger()
        var bare = sample(1, 10)
        bare.headers = []
        var foreign = Messages.record(Topics.statements, Statement(name: "f"), key: "f", offset: 11)
        foreign.topic = "pganalytics.samples"
        var empty = sample(1, 12)
        empty.value = nil
        let plan = plan([bare, foreign, empty], ledger: &ledger)
        #expect(plan.bad.map(\.reason) == ["header_missing", "type", "payload_missing"])
        #expect(plan.next == [Messages.samples: 13])
    }

    @Test func `What comes after the retention is passed over, and what no clock tells is bad data`() {
        var ledger = StreamLedger()
        let late = (1...50).map { sequence in
            Messages.record(
                Messages.table("a", time: now - 8 * 86_400_000_000 + Int64(sequence)), sequence: UInt64(sequence),
                offset: Int64(9 + sequence))
        }
        let absurd = Messages.record(
            Messages.table("a", time: now + 2 * 86_400_000_000), sequence: 51, offset: 60)
        let plan = plan(late + [absurd, sample(52, 61)], ledger: &ledger)
        #expect(plan.expired == 50 && plan.items.map(\.index) == [51])
        #expect(plan.bad.map(\.reason) == ["time_out_of_bounds"])
        // The stream went on meanwhile: only the absurd one is missing.
        #expect(plan.gaps.map(\.first) == [51] && plan.gaps.map(\.last) == [51])
        #expect(plan.next == [Messages.samples: 62])
    }

    @Test func `A tombstone of a compacted topic is nothing, also without headers`() {
        var ledger = StreamLedger()
        var gone = Messages.record(Topics.statements, Statement(name: "f"), key: "f", offset: 3)
        gone.value = nil
        var bare = gone
        (bare.offset, bare.headers) = (4, [])
        let plan = plan([gone, bare], ledger: &ledger)
        #expect(plan.items.isEmpty && plan.bad.isEmpty)
        #expect(plan.next.values.first == 5)
    }

    @Test func `An absurd time is bad data`() {
        var ledger = StreamLedger()
        for time in [0, .min, .max, now + 2 * 86_400_000_000, now - 400 * 86_400_000_000] {
            let record = Messages.record(Messages.table("a", time: time), sequence: 1, offset: 1)
            // The envelope cannot write every such time; the table says it.
            let plan = plan([record], ledger: &ledger)
            #expect(plan.bad.count == 1 && plan.items.isEmpty, "\(time)")
        }
    }

    @Test func `What was committed in an earlier attempt is passed over`() {
        var ledger = StreamLedger()
        let plan = plan([sample(1, 10), sample(2, 11)], ledger: &ledger, stored: [Messages.samples: 11])
        #expect(plan.items.map(\.index) == [1])
    }

    @Test func `A plan ends when it has bytes enough, but never before its first message`() {
        var ledger = StreamLedger()
        let records = [sample(1, 10), sample(2, 11), sample(3, 12)]
        #expect(plan(records, ledger: &ledger, byteLimit: 1).range == 0..<1)
        #expect(plan(records, ledger: &ledger).range == 0..<3)
    }

    @Test func `Days and the names of partitions agree`() {
        for number in stride(from: -200_000, to: 200_000, by: 37) {
            let day = Day(number: number)
            let (year, month, date) = day.date
            #expect(Day(year: year, month: month, day: date) == day)
        }
        let day = Day(microseconds: 1_795_219_199_999_999)
        let name = Partitions.name(Partitions.Key(table: "system_disk", day: day))
        #expect(name == "system_disk_20261120")
        #expect(Partitions.day(of: name) == day)
        #expect(Partitions.day(of: "system_disk") == nil)
        #expect(Day(microseconds: -1).number == -1)
    }

    @Test func `JSON is escaped`() {
        var json = JSONText()
        json.beginObject()
        json.key("a\"b")
        json.string("line\n\u{1}\\é")
        json.key("n")
        json.number(Double.nan)
        json.key("l")
        json.beginArray()
        json.number(Int64(1))
        json.number(0.5)
        json.endArray()
        json.endObject()
        #expect(json.text == #"{"a\"b":"line\u000a\u0001\\é","n":"nan","l":[1,0.5]}"#)
    }
}
