/// A Kafka header as it came, inside a ``DeadLetter``.
public struct Header: Message {
    public static let name = "pganalytics.v1.Header"

    public var name: String
    public var value: [UInt8]

    public init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, name)
        writer.bytes(2, value)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init("", [])
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: value = try reader.bytes(field)
            default: try reader.skip(field)
            }
        }
    }
}
