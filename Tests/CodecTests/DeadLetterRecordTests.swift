import Codec
import Testing

struct DeadLetterRecordTests {
    private static func letter(key: Int = 3, headers: Int = 2, value: Int? = 100) -> DeadLetter {
        DeadLetter(
            reason: "truncated", detail: "at byte 7", topic: "pganalytics.samples", partition: 3, offset: 42,
            key: Array(repeating: 107, count: key),
            headers: Array(repeating: Header("name", [1, 2]), count: headers),
            value: value.map { Array(repeating: 7, count: $0) }, consumer: "writer", time: 5)
    }

    /// What Kafka counts of a record at least.
    private func size(_ record: DeadLetter.Record) -> Int {
        record.key.count + record.value.count + record.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
    }

    @Test func `A letter goes under the message's key, and is known by where it was`() throws {
        let letter = Self.letter()
        let record = letter.record(limit: 2_000)
        #expect(record.key == letter.key)
        #expect(try DeadLetter.decode(record.value) == letter)
        let envelope = try Topics.deadletter.erased.envelope(headers: record.headers)
        #expect(envelope.source == "writer/deadletter/kkk")
        #expect(envelope.id == "writer/pganalytics.samples/3/42")
        #expect(envelope.time == 5)
    }

    @Test func `A letter is whole up to the limit, and cut beyond it`() throws {
        for size in stride(from: 90_000, through: 110_000, by: 997) {
            let letter = Self.letter(value: size)
            let record = letter.record(limit: 100_000)
            let read = try DeadLetter.decode(record.value)
            #expect(self.size(record) <= 100_000)
            if size <= 99_000 {
                #expect(read == letter)
            } else if size >= 100_000 {
                let kept = try #require(read.value?.count)
                #expect(kept > 99_000 && kept < 100_000)
                #expect(read.detail == "at byte 7 (the first \(kept) of \(size) bytes are kept)")
                #expect(read.headers == letter.headers && read.key == letter.key)
            }
        }
    }

    @Test(arguments: [(200_000, 2, 100), (3, 50_000, 100), (200_000, 50_000, 200_000), (200_000, 0, nil)])
    func `No key and no headers are so large that a letter cannot be sent`(key: Int, headers: Int, value: Int?) throws {
        let letter = Self.letter(key: key, headers: headers, value: value)
        let record = letter.record(limit: 100_000)
        #expect(size(record) <= 100_000)
        let read = try DeadLetter.decode(record.value)
        #expect(read.detail.hasPrefix("at byte 7 (") && read.offset == 42)
        #expect(read.value == nil || value != nil)
        // What has room is kept.
        #expect(letter.record(limit: 1 << 20).value == letter.encoded())
    }
}
