/// A name and a value, where a message carries a few of them in order.
public struct Label: Message {
    public static let name = "pganalytics.v1.Label"

    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, name)
        writer.string(2, value)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init("", "")
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: value = try reader.string(field)
            default: try reader.skip(field)
            }
        }
    }
}
