/// One server in a ``CollectorStatus``.
public struct CollectedInstance: Message {
    public static let name = "pganalytics.v1.CollectedInstance"

    /// The `id` of its `[[server]]`.
    public var id: String
    public var host: String
    public var port: Int32
    /// How often it is read, in microseconds.
    public var interval: Int64
    /// When it last answered, in microseconds UTC by the collector's clock; 0 when it never did.
    public var lastSuccess: Int64

    public init(id: String = "", host: String = "", port: Int32 = 0, interval: Int64 = 0, lastSuccess: Int64 = 0) {
        self.id = id
        self.host = host
        self.port = port
        self.interval = interval
        self.lastSuccess = lastSuccess
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, id)
        writer.string(2, host)
        writer.int32(3, port)
        writer.int64(4, interval)
        writer.int64(5, lastSuccess)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try reader.string(field)
            case 2: host = try reader.string(field)
            case 3: port = try reader.int32(field)
            case 4: interval = try reader.int64(field)
            case 5: lastSuccess = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
