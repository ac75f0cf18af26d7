import Testing
import YAML

struct YAMLTests {
    private func parse(_ text: String) throws(YAMLError) -> YAMLNode { try YAMLNode.parse(text, name: "t.yaml") }

    private func error(_ text: String, limits: YAMLLimits = YAMLLimits()) -> YAMLError? {
        do {
            _ = try YAMLNode.parse(text, name: "t.yaml", limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func `A topic file becomes a tree`() throws {
        let node = try parse(
            """
            description: Every sample.
            partitions: 24
            producers: [collector, api]
            config:
              retention.ms: 259200000   # three days
              cleanup.policy: delete
            text: |
              two
              lines
            folded: >-
              one
              line
            """)
        #expect(node["description"]?.string == "Every sample.")
        #expect(node["partitions"]?.integer == 24)
        #expect(node["producers"]?.sequence?.compactMap(\.string) == ["collector", "api"])
        #expect(node["config"]?["retention.ms"]?.integer == 259_200_000)
        #expect(node["config"]?["cleanup.policy"]?.string == "delete")
        #expect(node["text"]?.string == "two\nlines\n")
        #expect(node["folded"]?.string == "one line")
        #expect(node["nothing"] == nil)
        #expect(
            node.mapping?.map { $0.key.string } == [
                "description", "partitions", "producers", "config", "text", "folded",
            ])
    }

    @Test func `Each node knows its line and column`() throws {
        let node = try parse("a: 1\nb:\n  - x\n  - y: 2\n")
        let y = try #require(node["b"]?.sequence?[1]["y"])
        #expect((y.line, y.column) == (4, 8))
        let key = try #require(node.mapping?[1].key)
        #expect((key.line, key.column) == (2, 1))
    }

    @Test func `Plain scalars have the types of YAML 1_2, quoted ones are texts`() throws {
        let node = try parse(
            "[12, -3, 0x1F, 0o17, 1.5, 1e3, .inf, true, False, yes, 1_000, ~, null, '12', \"true\", nan, !!str 5, '']")
        let list = try #require(node.sequence)
        #expect(
            list.map(\.integer) == [
                12, -3, 31, 15, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
            ])
        #expect(list[4].double == 1.5 && list[5].double == 1_000 && list[6].double == .infinity && list[0].double == 12)
        #expect(list[2].double == 31 && list[15].double == nil && list[15].string == "nan")
        #expect(list.map(\.boolean)[7...9] == [true, false, nil])
        #expect(list[11].isNull && list[12].isNull && list[11].string == nil)
        #expect(list[13].integer == nil && list[13].string == "12" && list[14].boolean == nil)
        #expect(list[16].integer == nil && list[17].string == "" && !list[17].isNull)
    }

    @Test func `An empty text is null`() throws {
        #expect(try parse("").isNull)
        #expect(try parse("# only a comment\n").isNull)
    }

    @Test func `A key given twice is an error that names both places`() {
        let error = error("a: 1\nb: 2\na: 3\n")
        #expect(error?.code == .duplicateKey)
        #expect(error?.message == "t.yaml:3:1: the key a is here for the second time, first in line 1")
    }

    @Test func `Broken texts are errors with their place`() {
        func f(_ text: String, _ line: Int, _ column: Int, _ code: YAMLError.Code = .syntax) {
            let found = error(text)
            #expect(found?.code == code, "\(text)")
            #expect(found.map { [$0.line, $0.column] } == [line, column], "\(text): \(found?.message ?? "no error")")
        }
        f("a: [1, 2\nb: 3\n", 2, 2)
        f("a:\n\t- 1\n", 2, 1)
        f("a: b: c\n", 1, 5)
        f("a: *nowhere\n", 1, 4, .unsupported)
        f("? [a, b]\n: 1\n", 1, 3, .unsupported)
        f("a: 1\n---\nb: 2\n", 2, 1, .unsupported)
        f("a: \u{1}\n", 1, 4)
    }

    @Test func `An alias stands for what it names`() throws {
        let node = try parse("base: &b {x: 1}\nuse: *b\n")
        #expect(node["use"]?["x"]?.integer == 1)
    }

    @Test func `An alias inside what it names is an error`() {
        #expect(error("a: &a [1, *a]\n")?.code == .unsupported)
    }

    @Test func `A billion laughs stop at the limit`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(error(text)?.code == .limit)
    }

    @Test func `Depth and size have limits`() {
        let deep = String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000)
        #expect(error(deep)?.code == .limit)
        #expect(error(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)) == nil)
        var limits = YAMLLimits()
        limits.bytes = 10
        #expect(error("a: 12345678", limits: limits)?.code == .limit)
        #expect(error("a: 123456", limits: limits) == nil)
    }

    @Test func `Whatever bytes come, it ends with a tree or an error`() {
        let seed = "a: &x [1, {b: 'c'}]\n? d\n: |\n  text\ne: *x\n# end\n"
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var bytes = Array(seed.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count - 1, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert("-:?[]{}&*!|>'\"%@`#, \n\t".utf8.randomElement()!, at: index)
                default: bytes.removeSubrange(index..<min(index + 3, bytes.count - 1))
                }
            }
            if let error = error(String(decoding: bytes, as: UTF8.self)) {
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
    }
}
