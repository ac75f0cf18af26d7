import Codec
import Foundation
import Testing

/// Bytes from anywhere end in a value or an error. `PGA_TEST_FUZZ_SECONDS` says how long the random tests go on.
@Suite struct HostileTests {
    static let seconds = Double(ProcessInfo.processInfo.environment["PGA_TEST_FUZZ_SECONDS"] ?? "") ?? 2

    private func each(_ body: (any Message.Type) throws -> Void) rethrows {
        for type: any Message.Type in [
            Label.self, Header.self, Statement.self, CollectedInstance.self, CollectorStatus.self, Finding.self,
            AlertEvent.self, DeadLetter.self, Column.self, Table.self,
        ] { try body(type) }
    }

    /// A value that is written can be read again; an error's offset is in the bytes.
    private func feed(_ bytes: [UInt8], _ type: any Message.Type) {
        func run<M: Message>(_: M.Type) {
            do {
                let value = try M.decode(bytes)
                let again = try M.decode(value.encoded())
                // The bytes, for what is not a number does not equal itself.
                #expect(again.encoded() == value.encoded())
            } catch {
                #expect(error.offset >= 0 && error.offset <= bytes.count, "\(error) in \(bytes)")
            }
        }
        run(type)
    }

    @Test func `A message cut at any byte is an error or a shorter message`() {
        for message in MessageSamples.all {
            let bytes = message.encoded()
            for end in 0..<bytes.count { feed(Array(bytes[..<end]), type(of: message)) }
        }
    }

    @Test func `A table cut at any byte is never taken for the whole`() {
        let bytes = MessageSamples.table.encoded()
        for end in 0..<bytes.count {
            let cut = try? Table.decode(Array(bytes[..<end]))
            #expect(cut != MessageSamples.table)
        }
    }

    @Test func `Random bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        let end = ContinuousClock.now + .seconds(Self.seconds / 2)
        while ContinuousClock.now < end {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                // Small bytes are likelier to be tags and lengths.
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...0x60, using: &generator) : UInt8.random(in: 0...255, using: &generator)
            }
            each { feed(bytes, $0) }
        }
    }

    @Test func `Mutated messages never trap`() {
        var generator = SystemRandomNumberGenerator()
        let seeds = MessageSamples.all.map { ($0.encoded(), type(of: $0)) }.filter { !$0.0.isEmpty }
        let end = ContinuousClock.now + .seconds(Self.seconds / 2)
        while ContinuousClock.now < end {
            let (seed, type) = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            var bytes = seed
            for _ in 0...Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
                }
            }
            feed(bytes, type)
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
        fails(Column.self, [0x10, 2, 0x20, 2, 0x3A, 2, 1, 0x80], .varint, at: 7)
        fails(Column.self, [0x10, 2, 0x20, 3, 0x42, 7, 0, 0, 0, 0, 0, 0, 0], .truncated, at: 6)
        fails(Column.self, [0x10, 1, 0x20, 1, 0x2A, 1, 65, 0x32, 1, 1], .inconsistent, at: 0)
        fails(Table.self, [0x38, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .inconsistent, at: 6)
        fails(Table.self, [0x38, 1, 0x42, 4, 0x10, 2, 0x20, 2], .inconsistent, at: 2)
        fails(Table.self, [0x4A, 1, 0], .inconsistent, at: 3)
        fails(Table.self, [0x4A, 1, 9], .enumeration, at: 0)
    }

    @Test func `Groups nested without end are an error, not an exhausted stack`() {
        let bytes = [UInt8](repeating: 0x7B, count: 100_000)
        #expect(throws: WireError.self) { try Statement.decode(bytes) }
    }
}
