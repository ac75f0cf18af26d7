/// A message that could not be used, as it came, and why.
public struct DeadLetter: Message {
    public static let name = "pganalytics.v1.DeadLetter"

    /// A code, such as ``WireError/Code``'s.
    public var reason: String
    /// What exactly, and at which byte.
    public var detail: String
    /// Where it was.
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    /// Its key; nil when it had none.
    public var key: [UInt8]?
    public var headers: [Header]
    /// Its payload; nil when it was a tombstone.
    public var value: [UInt8]?
    /// Who could not use it.
    public var consumer: String
    /// When, in microseconds UTC.
    public var time: Int64

    public init(
        reason: String = "", detail: String = "", topic: String = "", partition: Int32 = 0, offset: Int64 = 0,
        key: [UInt8]? = nil, headers: [Header] = [], value: [UInt8]? = nil, consumer: String = "", time: Int64 = 0
    ) {
        self.reason = reason
        self.detail = detail
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        self.value = value
        self.consumer = consumer
        self.time = time
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, reason)
        writer.string(2, detail)
        writer.string(3, topic)
        writer.int32(4, partition)
        writer.int64(5, offset)
        writer.bytes(6, key)
        writer.messages(7, headers)
        writer.bytes(8, value)
        writer.string(9, consumer)
        writer.int64(10, time)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: reason = try reader.string(field)
            case 2: detail = try reader.string(field)
            case 3: topic = try reader.string(field)
            case 4: partition = try reader.int32(field)
            case 5: offset = try reader.int64(field)
            case 6: key = try reader.bytes(field)
            case 7: headers.append(try reader.message(field))
            case 8: value = try reader.bytes(field)
            case 9: consumer = try reader.string(field)
            case 10: time = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
