import Testing

@testable import API

@Suite struct RFC3339Tests {
    @Test func `Times go both ways`() {
        func f(_ text: String, _ microseconds: Int64) {
            #expect(RFC3339.parse(text) == microseconds)
            #expect(RFC3339.text(microseconds) == text)
        }
        f("1970-01-01T00:00:00Z", 0)
        f("1970-01-01T00:00:00.000001Z", 1)
        f("2000-02-29T23:59:59.5Z", 951_868_799_500_000)
        f("2024-02-29T12:00:00Z", 1_709_208_000_000_000)
        f("2026-11-21T10:52:00.25Z", 1_795_258_320_250_000)
        f("2100-03-01T00:00:00Z", 4_107_542_400_000_000)
        f("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999)
    }

    @Test func `The ends of what a number can say have a text`() {
        #expect(RFC3339.text(.max) == "294247-01-10T04:00:54.775807Z")
        #expect(RFC3339.text(.min) == "-290308-12-21T19:59:05.224192Z")
        #expect(RFC3339.text(-1) == "1969-12-31T23:59:59.999999Z")
        #expect(RFC3339.text(-1_000_000) == "1969-12-31T23:59:59Z")
        #expect(RFC3339.seconds(.max) == "9223372036854.775807")
        #expect(RFC3339.seconds(.min) == "-9223372036854.775")
        #expect(RFC3339.seconds(-500_000) == "-0.5")
    }

    @Test func `Every day of four centuries goes both ways`() {
        // One expectation for all: a hundred thousand of them would hold a thread of the pool for seconds.
        let wrong = (Int64(0)..<146_097).first { day in
            let time = day * 86_400_000_000 + 1
            return RFC3339.parse(RFC3339.text(time)) != time
        }
        #expect(wrong == nil)
    }

    @Test func `Offsets, small letters and Unix time are understood`() {
        func f(_ text: String, _ expected: String) { #expect(RFC3339.parse(text).map(RFC3339.text) == expected) }
        f("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00Z")
        f("2026-11-21T10:00:00-03:30", "2026-11-21T13:30:00Z")
        f("2026-11-21t10:00:00z", "2026-11-21T10:00:00Z")
        // A plus sign that was not escaped arrives as a blank.
        f("2026-11-21T10:00:00 02:00", "2026-11-21T08:00:00Z")
        f("2026-11-21T10:00:00.1234567Z", "2026-11-21T10:00:00.123456Z")
        f("1795258320", "2026-11-21T10:52:00Z")
        f("1795258320.25", "2026-11-21T10:52:00.25Z")
    }

    @Test func `What is no time is refused`() {
        for text in [
            "", "now", "-1", "253402300800", "901091313304", "1.", ".5", "1e9", "99999999999999999999", "2026-11-21",
            "2026-11-21T10:00:00",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:00:61Z", "2026-11-21T10:00:00+25:00",
            "2026-11-21T10:00:00ZZ", "2026-11-21T10:00:00.Z", "1969-12-31T23:59:59Z", "1970-01-01T00:59:59+01:00",
            "9999-12-31T23:59:59-00:01", "0x10", "٣",
        ] {
            #expect(RFC3339.parse(text) == nil, "\(text)")
        }
    }

    @Test func `Unix seconds are exact to the microsecond`() {
        #expect(RFC3339.seconds(1_795_258_320_250_000) == "1795258320.25")
        #expect(RFC3339.seconds(1_795_258_320_000_000) == "1795258320")
        #expect(RFC3339.seconds(1_795_258_320_000_001) == "1795258320.000001")
    }
}
