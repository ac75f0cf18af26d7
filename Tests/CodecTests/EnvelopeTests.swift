import Codec
import Testing

@Suite struct EnvelopeTests {
    private static let stream = StreamName(producer: "c1", topic: "samples", key: "eu/db1")
    private static let envelope = Envelope(
        Topics.samples, stream: stream, epoch: "0123456789abcdef0123456789abcdef", sequence: 42,
        time: 1_780_000_000_000_250)

    private func changed(_ name: String, _ value: String?) -> [(name: String, value: [UInt8])] {
        Self.envelope.headers.compactMap { header in
            guard header.name == name else { return header }
            return value.map { (name, Array($0.utf8)) }
        }
    }

    @Test func `Headers are read as they were written`() throws {
        #expect(try Envelope(headers: Self.envelope.headers, supported: 1) == Self.envelope)
        var signed = Self.envelope
        signed.signature = [0, 255]
        signed.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(try Envelope(headers: signed.headers.reversed(), supported: 3) == signed)
    }

    @Test func `The position is the epoch and the sequence`() throws {
        let position = try #require(Self.envelope.position)
        #expect(position.epoch == "0123456789abcdef0123456789abcdef" && position.sequence == 42)
        for id in ["", ".", "e.", ".1", "e.0", "e.-1", "e.+1", "e.1x", "e.99999999999999999999", "e"] {
            var envelope = Self.envelope
            envelope.id = id
            #expect(envelope.position == nil, "\(id)")
        }
    }

    @Test func `A newer version is told apart from bad headers, whatever else is in it`() {
        #expect(throws: EnvelopeError.newerVersion(found: 2, supported: 1)) {
            try Envelope(headers: [("pga-version", Array("2".utf8))], supported: 1)
        }
        for bad in ["", "0", "-1", "one", "1.0"] {
            #expect(throws: EnvelopeError.malformed(header: "pga-version", value: bad)) {
                try Envelope(headers: changed("pga-version", bad), supported: 1)
            }
        }
    }

    @Test(arguments: ["ce_specversion", "ce_source", "ce_id", "ce_type", "ce_time", "pga-version"])
    func `A header that is absent is named`(_ name: String) {
        #expect(throws: EnvelopeError.missing(header: name)) {
            try Envelope(headers: changed(name, nil), supported: 1)
        }
    }

    @Test func `A header that is not what it should be is shown`() {
        #expect(throws: EnvelopeError.malformed(header: "ce_time", value: "yesterday")) {
            try Envelope(headers: changed("ce_time", "yesterday"), supported: 1)
        }
        #expect(throws: EnvelopeError.malformed(header: "ce_specversion", value: "2.0")) {
            try Envelope(headers: changed("ce_specversion", "2.0"), supported: 1)
        }
        #expect(throws: EnvelopeError.self) {
            try Envelope(headers: [("pga-version", [0xFF])], supported: 1)
        }
    }

    @Test func `A stream's name is read back, slashes in the key included`() {
        #expect(StreamName(Self.stream.description) == Self.stream)
        for bad in ["", "a", "a/b", "/b/c", "a//c"] { #expect(StreamName(bad) == nil, "\(bad)") }
    }

    @Test func `Times are written and read to the microsecond`() {
        func same(_ microseconds: Int64, _ text: String) {
            #expect(Timestamp.text(microseconds) == text)
            #expect(Timestamp.microseconds(text) == microseconds)
        }
        same(0, "1970-01-01T00:00:00.000000Z")
        same(-1, "1969-12-31T23:59:59.999999Z")
        same(951_782_400_000_001, "2000-02-29T00:00:00.000001Z")
        same(1_780_000_000_000_250, "2026-05-28T20:26:40.000250Z")
        same(253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z")
        #expect(Timestamp.microseconds("2026-05-28T20:26:40Z") == 1_780_000_000_000_000)
        #expect(Timestamp.microseconds("2026-05-28T20:26:40.5Z") == 1_780_000_000_500_000)
        #expect(Timestamp.microseconds("2026-05-28T20:26:40.123456789Z") == 1_780_000_000_123_456)
        for bad in [
            "", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-05-28T24:00:00Z", "2026-05-28 20:26:40Z",
            "2026-05-28T20:26:40", "2026-05-28T20:26:40.Z", "2026-05-28T20:26:40+00:00", "2026-05-28T20:26:4xZ",
        ] { #expect(Timestamp.microseconds(bad) == nil, "\(bad)") }
    }

    @Test func `Any number has a text that is read back, the extremes as the ends of what can be written`() {
        #expect(Timestamp.text(.min) == "0001-01-01T00:00:00.000000Z")
        #expect(Timestamp.text(.max) == "9999-12-31T23:59:59.999999Z")
        let (first, last) = (Timestamp.writable.lowerBound, Timestamp.writable.upperBound)
        for time in [.min, .min + 1, .min + 999_999, .min + 1_000_000, first - 1, first, first + 1, -1, 0, 1] {
            #expect(Timestamp.microseconds(Timestamp.text(time)) == max(time, first), "\(time)")
        }
        for time in [.max, .max - 1, .max - 999_999, last + 1, last, last - 1] {
            #expect(Timestamp.microseconds(Timestamp.text(time)) == min(time, last), "\(time)")
        }
    }

    @Test func `The envelope of a message with an absurd time can be read`() throws {
        for time in [Int64.min, .max] {
            let envelope = Envelope(Topics.collectors, stream: Self.stream, epoch: "e", sequence: 1, time: time)
            let read = try Envelope(headers: envelope.headers, supported: 1)
            #expect(Timestamp.writable.contains(read.time))
        }
    }

    @Test func `The beginning of a text is bounded, also where it is one long character`() {
        #expect("abc".beginning(3) == "abc")
        #expect("abcd".beginning(3) == "abc…")
        #expect("".beginning(0) == "" && "a".beginning(0) == "…")
        let long = "e" + String(repeating: "\u{301}", count: 1_000)
        #expect(long.count == 1 && long.beginning(10).unicodeScalars.count == 11)
    }
}
