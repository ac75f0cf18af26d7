import Testing

@testable import Codec

/// Feeds bytes to the decoders.
enum Hostile {
    static func each(_ body: (any Message.Type) throws -> Void) rethrows {
        for type: any Message.Type in [
            Label.self, Header.self, Statement.self, CollectedInstance.self, CollectorStatus.self, Finding.self,
            AlertEvent.self, DeadLetter.self, ColumnHeaders.self, ColumnValues.self, Table.self,
        ] { try body(type) }
    }

    /// A value that is written can be read again; an error's offset is in the bytes.
    static func feed(_ bytes: [UInt8], _ type: any Message.Type) {
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
}
