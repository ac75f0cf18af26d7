import Codec
import Foundation
import Testing

/// Our bytes and the reference implementation's mean the same.
@Suite struct ProtocTests {
    @Test(arguments: MessageSamples.all.indices)
    func `A message survives protoc in both directions`(_ index: Int) throws {
        func check<M: Message>(_ message: M) throws {
            let text = try Protoc.decode(M.name, message.encoded())
            let bytes = try Protoc.encode(M.name, text)
            #expect(try M.decode(bytes) == message, "\(text)")
            #expect(bytes == message.encoded(), "the same bytes, fields in the order of their numbers")
        }
        try check(MessageSamples.all[index])
    }

    @Test(arguments: MessageSamples.full.indices)
    func `Every field has the name and the value in text that it has in Swift`(_ index: Int) throws {
        func check<M: Message>(_ message: M) throws {
            #expect(try Protoc.decode(M.name, message.encoded()) == TextFormat.message(message))
        }
        try check(MessageSamples.full[index])
    }

    @Test func `What table.proto says is enough to read integers in every form`() throws {
        let columns: [[Int64]] = [
            (0..<40).map { $0 * 1_000_003 }, (0..<40).map { 127 << $0 }, (0..<40).map { $0 % 3 }, (0..<40).map { -$0 },
            (0..<40).map { .max - $0 }, (0..<40).map { 5 * $0 << 13 },
        ]
        var table = MessageSamples.table(.integers(columns[0]))
        table.columns = columns.enumerated().map { Column("c\($0)", .counter, .count, .integers($1)) }
        let text = try Protoc.decode(Table.name, table.encoded())
        #expect(text.contains("names: \"c0 c1 c2 c3 c4 c5\""))
        let values = text.components(separatedBy: "\nvalues {\n").dropFirst()
        #expect(values.map { Self.integers($0, rows: 40) } == columns)
        for field in ["  integers: ", "wide_integers: ", "split_integers: ", "significant_bits: 7"] {
            #expect(text.contains(field), "each form is in it")
        }
    }

    /// A column as the comments of `topics/table.proto` say, from protoc's text and without anything of ours.
    private static func integers(_ text: String, rows: Int) -> [Int64] {
        func field(_ name: String) -> [String] {
            text.split(separator: "\n").filter { $0.hasPrefix("  \(name): ") }.map {
                String($0.dropFirst(name.count + 4))
            }
        }
        var read = (field("integers") + field("wide_integers")).map { Int64($0)! }
        if let split = field("split_integers").first.map(unescaped) {
            read = (0..<rows).map { row in
                var value: UInt64 = 0
                for place in 0..<(split.count / rows) {
                    value += UInt64(split[place * rows + row]) << UInt64(8 * place)
                }
                return Int64(value)
            }
        }
        guard let bits = field("significant_bits").first.map({ Int64($0)! }) else { return read }
        let half: Int64 = 1 << (bits - 1)
        return read.map { $0 < half ? $0 : (half + $0 % half) << ($0 / half - 1) }
    }

    /// The bytes of a text as protoc prints bytes.
    private static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8.dropFirst().dropLast())[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "0")...UInt8(ascii: "3"):
                bytes.append(UInt8(String(decoding: [next] + rest.prefix(2), as: UTF8.self), radix: 8)!)
                rest = rest.dropFirst(2)
            default: bytes.append(next)
            }
        }
        return bytes
    }

    @Test func `An enumeration's value that only the file knows is an error that names it`() throws {
        let bytes: [UInt8] = [0x28, 9]  // state: 9
        #expect(throws: WireError.self) { try Finding.decode(bytes) }
    }

    @Test func `A message of a later version reads the same but for what we do not know`() throws {
        let text = try Protoc.decode(Statement.name, MessageSamples.statement.encoded())
        #expect(!text.contains("99:"))
        var writer = WireWriter()
        writer.string(99, "later")
        let later = MessageSamples.statement.encoded() + writer.bytes
        #expect(try Protoc.decode(Statement.name, later).contains("99: \"later\""))
        #expect(try Statement.decode(later) == MessageSamples.statement)
    }
}
