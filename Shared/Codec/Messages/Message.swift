/// A message of `topics/*.proto`: one line a field to write it and one to read it.
public protocol Message: Sendable, Equatable {
    /// The full name in the `.proto` files, such as `pganalytics.v1.Table`.
    static var name: String { get }

    /// Appends the fields; those that hold their default are left out.
    func write(to writer: inout WireWriter)

    /// Reads fields until the reader's message ends; those it does not know are skipped.
    init(from reader: inout WireReader) throws(WireError)
}

extension Message {
    /// The message as bytes.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a whole payload that is lent.
    public static func decode(_ span: RawSpan) throws(WireError) -> Self {
        var reader = WireReader(span)
        return try Self(from: &reader)
    }

    /// Reads a whole payload.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> Self {
        try decode(bytes.span.bytes)
    }
}
