import Testing

@testable import Codec

/// What was written is read.
@Suite struct RoundTripTests {
    @Test(arguments: MessageSamples.all.indices)
    func `A message is read as it was written`(_ index: Int) throws {
        func check<M: Message>(_ message: M) throws { #expect(try M.decode(message.encoded()) == message) }
        try check(MessageSamples.all[index])
    }

    @Test func `Integer columns of any mixture of sizes come back`() throws {
        var generator = SystemRandomNumberGenerator()
        for length in [1, 7, 8, 9, 15, 16, 17, 100, 1_000] {
            for _ in 0..<20 {
                let widest = Int.random(in: 1...64, using: &generator)
                let values = (0..<length).map { _ in
                    Int64(truncatingIfNeeded: UInt64.random(in: .min ... .max, using: &generator))
                        >> Int64.random(in: Int64(64 - widest)...63, using: &generator)
                }
                let table = MessageSamples.table(.integers(values))
                #expect(try Table.decode(table.encoded()) == table)
            }
        }
    }

    @Test func `Every power of two and its neighbours come back`() throws {
        let values = (0..<64).flatMap { shift -> [Int64] in
            let power = Int64(bitPattern: 1 << UInt64(shift))
            return [power, power &- 1, power &+ 1, 0 &- power]
        }
        for start in 0..<16 {
            let table = MessageSamples.table(.integers(Array(values[start...])))
            #expect(try Table.decode(table.encoded()) == table)
        }
    }

    @Test func `Repeated numbers may come unpacked or in several pieces`() throws {
        var writer = WireWriter()
        writer.uint64(3, 3)
        writer.packedIntegers(3, [-4, 5])
        #expect(try ColumnValues.decode(writer.bytes).integers == [3, -4, 5])
    }

    @Test func `Columns of zeros travel without their values, as far as others vouch for the rows`() throws {
        let zeros = Values.integers([Int64](repeating: 0, count: 1_000))
        let ones = Values.integers([Int64](repeating: 1, count: 1_000))
        func table(_ zeroColumns: Int, _ others: Int) -> Table {
            var table = MessageSamples.table(ones)
            table.columns = (0..<(zeroColumns + others)).map {
                Column("c\($0)", .counter, .count, $0 < zeroColumns ? zeros : ones)
            }
            return table
        }
        for (zeroColumns, others) in [(0, 1), (1, 0), (16, 1), (17, 1), (40, 2), (40, 3)] {
            let table = table(zeroColumns, others)
            let bytes = table.encoded()
            #expect(try Table.decode(bytes) == table)
            let written = others + max(0, zeroColumns - 16 * others)
            #expect(bytes.count / 1_000 == written, "\(zeroColumns) beside \(others)")
        }
    }

    @Test func `Large integers of many rows are split, those of few significant bits by their codes`() throws {
        func form(_ values: [Int64]) -> ColumnValues {
            ColumnValues(Column("c", .counter, .count, .integers(values)), leavesOutZeros: false)
        }
        let large = (0..<32).map { Int64($0) * 1_000_003 }
        #expect(form(Array(large.dropLast())).integers.count == 31)
        let split = form(large).splitIntegers
        #expect(split.count == 4 * 32)
        for (row, value) in large.enumerated() {
            #expect((0..<4).reduce(0) { $0 | Int64(split[$1 * 32 + row]) << Int64(8 * $1) } == value)
        }
        #expect(form(large).significantBits == 0)
        #expect(form(large.map { $0 - 1 }).integers.count == 32, "one is negative")
        #expect(form(large.map { $0 % 128 }).integers.count == 32, "a byte each")
        #expect(form(large.map { $0 << 38 }).splitIntegers.count == 8 * 32)
        // Every integer of up to seven significant bits has a code, in their order, and no other has.
        let rounded = Set((0..<128).flatMap { value in (0..<57).map { Int64(value) << $0 } }).sorted()
        #expect(form(rounded).significantBits == 7)
        #expect(Minifloat.codes(rounded) == Array(0..<Int64(rounded.count)))
        #expect(Minifloat.values(Array(0..<Int64(rounded.count)), bits: 7) == rounded)
        #expect(Minifloat.codes([257]) == nil && Minifloat.codes([-2]) == nil && Minifloat.codes([.max]) == nil)
        for (code, value) in rounded.enumerated() where code >= 64 {
            #expect(value == Int64(64 + code % 64) << Int64(code / 64 - 1))
        }
        #expect(Minifloat.values([Int64(rounded.count)], bits: 7) == nil)
        let largest = Int64.max
        #expect(Minifloat.values([0, 1, largest], bits: 63) == [0, 1, largest])
        for bits in [0, 1, 7, 62, 64] { #expect(Minifloat.values([largest], bits: bits) == nil) }
        for values in [large, rounded, large.map { $0 << 38 }] {
            let table = MessageSamples.table(.integers(values))
            #expect(try Table.decode(table.encoded()) == table)
        }
    }

    @Test func `Unknown fields of every wire type are skipped`() throws {
        var writer = WireWriter()
        writer.uint64(1_000, .max)
        writer.double(1_001, 1.0)
        writer.string(1_002, "x")
        writer.packedFloats(1_003, [1])
        let group: [UInt8] = [0xC3, 0x3E, 0x08, 0x01, 0xC4, 0x3E]  // group 1000 with a varint in it
        let fixed32: [UInt8] = [0xC5, 0x3E, 1, 2, 3, 4]
        for message in MessageSamples.full {
            func check<M: Message>(_ message: M) throws {
                let unknown = writer.bytes + group + fixed32
                #expect(try M.decode(unknown + message.encoded() + unknown) == message)
            }
            try check(message)
        }
    }

    @Test func `A single field that comes twice counts the second time`() throws {
        #expect(try Label.decode(Label("a", "b").encoded() + Label("c", "").encoded()) == Label("c", "b"))
    }
}
