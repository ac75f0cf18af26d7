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
