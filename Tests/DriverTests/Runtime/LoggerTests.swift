import Runtime
import Synchronization
import Testing

extension LogKey {
    fileprivate static let topic: LogKey = "kafka.topic"
    fileprivate static let text: LogKey = "text"
}

struct LoggerTests {
    /// The lines of what `body` logs.
    private func lines(
        _ format: LogFormat, level: LogLevel = .debug, hiding secrets: [String] = [], _ body: (Logger) -> Void
    ) -> [String] {
        final class Lines: Sendable { let list = Mutex<[String]>([]) }
        let lines = Lines()
        let logger = Logger(service: "writer", level: level, format: format) { line in
            lines.list.withLock { $0.append(line) }
        }
        body(logger.hiding(secrets))
        return lines.list.withLock { $0 }
    }

    @Test func `A text line is time, level, service, message and fields`() throws {
        let line = try #require(
            lines(.text) { $0.info("Batch written", [.topic: "samples", "rows": 12, "ok": true, "ms": 1.5]) }.first)
        let words = line.split(separator: " ", maxSplits: 1)
        #expect(words[0].count == 24 && words[0].hasSuffix("Z"))
        #expect(words[1] == "INFO writer Batch written kafka.topic=samples rows=12 ok=true ms=1.5")
    }

    @Test func `A JSON line is one object`() throws {
        let line = try #require(
            lines(.json) { $0.error("It failed", [.text: "a \"b\"\n\\", "n": -1, "x": LogValue(Double.infinity)]) }
                .first)
        #expect(line.hasPrefix(#"{"time":""#))
        #expect(
            line.hasSuffix(
                #"","level":"error","service":"writer","message":"It failed","text":"a \"b\"\n\\","n":-1,"x":"inf"}"#))
    }

    @Test func `A line feed in a value cannot forge a line`() {
        for format in LogFormat.allCases {
            let lines = lines(format) {
                $0.warning("Odd name\n", [.text: "x\n2026-01-01 ERROR forged\r\u{2028}\u{1B}[31m"])
            }
            #expect(lines.count == 1)
            #expect(!lines[0].unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 })
        }
    }

    @Test func `Lines under the level are not written`() {
        #expect(
            lines(.text, level: .warning) {
                $0.debug("A"); $0.info("B"); $0.warning("C"); $0.error("D")
            }.count == 2)
    }

    @Test func `Fields of a logger are in each of its lines`() {
        let lines = lines(.text) { $0.with(["a": 1]).with(["b": "x y"]).info("Hello", ["c": ""]) }
        #expect(lines[0].hasSuffix(#"Hello a=1 b="x y" c="""#))
    }

    @Test func `A secret is masked wherever it occurs, the longest first`() {
        let lines = lines(.text, hiding: ["hunter22", "postgres://u:hunter22@db/x"]) {
            $0.info("Connecting with hunter22", [.text: "postgres://u:hunter22@db/x failed for hunter22"])
        }
        #expect(lines[0].hasSuffix(#"Connecting with *** text="*** failed for ***""#))
    }

    @Test func `A long value is cut`() {
        let lines = lines(.text) { $0.info("Long", [.text: LogValue(String(repeating: "x", count: 100_000))]) }
        #expect(lines[0].utf8.count < 5_000)
        #expect(lines[0].hasSuffix("(100000 bytes)\""))
    }

    @Test func `A duration is written in milliseconds`() {
        let lines = lines(.text) { $0.info("Done", [.durationMilliseconds: LogValue(.microseconds(1_500))]) }
        #expect(lines[0].hasSuffix("duration.ms=1.5"))
    }

    @Test func `Times are RFC 3339 in UTC`() {
        #expect(Timestamp.text(0) == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp.text(1_772_248_320_250_999) == "2026-02-28T03:12:00.250Z")
        #expect(Timestamp.text(-1) == "1969-12-31T23:59:59.999Z")
    }
}
