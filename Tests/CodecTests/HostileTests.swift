import Testing

@testable import Codec

/// Bytes that are cut or lie end in a value or an error.
@Suite struct HostileTests {
    @Test func `A message cut at any byte is an error or a shorter message`() {
        for message in MessageSamples.all {
            let bytes = message.encoded()
            for end in 0..<bytes.count { Hostile.feed(Array(bytes[..<end]), type(of: message)) }
        }
    }

    @Test func `A table cut at any byte is never taken for the whole`() {
        let bytes = MessageSamples.table.encoded()
        for end in 0..<bytes.count {
            let cut = try? Table.decode(Array(bytes[..<end]))
            #expect(cut != MessageSamples.table)
        }
    }

    @Test func `Lengths and counts beyond what is there are errors`() {
        func fails<M: Message>(_: M.Type, _ bytes: [UInt8], _ code: WireError.Code, at offset: Int) {
            do {
                let value = try M.decode(bytes)
                Issue.record("\(bytes) was read as \(value)")
            } catch {
                #expect(error.code == code && error.offset == offset, "\(error) for \(bytes)")
            }
        }
        fails(Statement.self, [0x0A, 5, 65], .truncated, at: 1)
        fails(Statement.self, [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .truncated, at: 1)
        fails(Statement.self, [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .truncated, at: 1)
        fails(Statement.self, [0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], .varint, at: 1)
        fails(Statement.self, [0x18, 0x80], .truncated, at: 1)
        fails(Statement.self, [0x00], .tag, at: 0)
        fails(Statement.self, [0x0F], .tag, at: 0)
        fails(Statement.self, [0x08, 1], .wireType, at: 0)
        fails(Statement.self, [0x0A, 3, 65, 0xC3, 0x28], .utf8, at: 3)
        fails(Statement.self, [0x9C, 0x3E], .tag, at: 0)
        fails(Finding.self, [0x48, 1], .wireType, at: 0)
        fails(Finding.self, [0x49, 1, 2, 3], .truncated, at: 1)
        fails(Finding.self, [], .missing, at: 0)
        fails(Finding.self, [0x28, 99], .enumeration, at: 1)
        fails(ColumnHeaders.self, [0x12, 1, 9], .enumeration, at: 0)
        fails(ColumnValues.self, [0x1A, 2, 1, 0x80], .varint, at: 3)
        fails(ColumnValues.self, [0x22, 7, 0, 0, 0, 0, 0, 0, 0], .truncated, at: 2)
        // A table of one row and one nameless label or counter of this type, and its values.
        func table(_ type: UInt8, _ values: [UInt8], rows: [UInt8] = [1]) -> [UInt8] {
            [0x38] + rows + [0x42, 9, 0x12, 1, 1, 0x1A, 1, 0, 0x22, 1, type] + values
        }
        // An index beyond the dictionary.
        fails(Table.self, table(1, [0x52, 6, 0x0A, 1, 65, 0x12, 1, 1]), .inconsistent, at: 13)
        // Rows without a column, a column without its values, too few of them, and 32 GiB of zeros.
        fails(Table.self, [0x38, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .inconsistent, at: 6)
        fails(Table.self, table(2, []), .inconsistent, at: 13)
        fails(Table.self, table(3, [0x52, 0]), .inconsistent, at: 13)
        fails(Table.self, table(2, [0x52, 0], rows: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), .inconsistent, at: 19)
        // Lists of different lengths; integers split into nine bytes, or for no row; in two forms; beyond 63 bits.
        fails(Table.self, [0x42, 3, 0x12, 1, 1], .inconsistent, at: 5)
        fails(Table.self, table(2, [0x52, 11, 0x42, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]), .inconsistent, at: 13)
        fails(Table.self, table(2, [0x52, 3, 0x42, 1, 0], rows: [0]), .inconsistent, at: 13)
        fails(Table.self, table(2, [0x52, 6, 0x1A, 1, 0, 0x42, 1, 0]), .inconsistent, at: 13)
        fails(Table.self, table(2, [0x52, 6, 0x42, 2, 0xFF, 0xFF, 0x48, 7]), .inconsistent, at: 13)
        fails(Table.self, table(2, [0x52, 5, 0x42, 1, 0, 0x48, 64]), .inconsistent, at: 13)
        fails(Table.self, [0x4A, 1, 0], .inconsistent, at: 3)
        fails(Table.self, [0x4A, 1, 9], .enumeration, at: 0)
    }

    @Test func `Groups nested without end are an error, not an exhausted stack`() {
        let bytes = [UInt8](repeating: 0x7B, count: 100_000)
        #expect(throws: WireError.self) { try Statement.decode(bytes) }
    }
}
