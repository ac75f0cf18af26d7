/// A statement's normalised text, published once for each name.
public struct Statement: Message {
    public static let name = "pganalytics.v1.Statement"

    /// The fingerprint in 16 hexadecimal digits; `h1:` and a hash for a text that cannot be parsed.
    public var name: String
    /// Normalised and redacted, cut at 64 KiB.
    public var text: String
    /// How many bytes the whole text has.
    public var fullLength: Int64
    /// Which version of which parser named it.
    public var parser: String
    /// Where it was first seen.
    public var instance: String
    /// What that server calls it.
    public var queryid: Int64
    /// When, in microseconds UTC.
    public var seenAt: Int64

    public init(
        name: String = "", text: String = "", fullLength: Int64 = 0, parser: String = "", instance: String = "",
        queryid: Int64 = 0, seenAt: Int64 = 0
    ) {
        self.name = name
        self.text = text
        self.fullLength = fullLength
        self.parser = parser
        self.instance = instance
        self.queryid = queryid
        self.seenAt = seenAt
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, name)
        writer.string(2, text)
        writer.int64(3, fullLength)
        writer.string(4, parser)
        writer.string(5, instance)
        writer.int64(6, queryid)
        writer.int64(7, seenAt)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: text = try reader.string(field)
            case 3: fullLength = try reader.int64(field)
            case 4: parser = try reader.string(field)
            case 5: instance = try reader.string(field)
            case 6: queryid = try reader.int64(field)
            case 7: seenAt = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
