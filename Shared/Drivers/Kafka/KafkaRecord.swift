import CRdkafka

/// One record, lent inside the closure of `RecordBatch.forEach`. It cannot be kept; copy what is needed.
public struct KafkaRecord: ~Copyable {
    public let topic: String
    public let partition: Int32
    public let offset: Int64

    /// Milliseconds since 1970 UTC, -1 when the record has none.
    public let timestamp: Int64

    let keyBuffer: UnsafeRawBufferPointer?
    let valueBuffer: UnsafeRawBufferPointer?
    let headerSource: HeaderSource

    /// Where the headers are read from, when somebody asks for them.
    enum HeaderSource {
        case message(UnsafeMutablePointer<rd_kafka_message_t>)
        case list([(name: String, value: [UInt8])])
    }

    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }

    /// nil for a record without a key.
    public var key: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard let keyBuffer else { return nil }
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: keyBuffer), borrowing: self)
        }
    }

    /// nil for a tombstone. librdkafka gives a null payload for it, and other clients have trapped on that.
    public var value: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard let valueBuffer else { return nil }
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: valueBuffer), borrowing: self)
        }
    }

    /// Bytes of key and value together.
    public var byteCount: Int { (keyBuffer?.count ?? 0) + (valueBuffer?.count ?? 0) }

    /// A copy of the key.
    public func keyBytes() -> [UInt8]? { keyBuffer.map { Array($0) } }

    /// A copy of the value.
    public func valueBytes() -> [UInt8]? { valueBuffer.map { Array($0) } }

    /// A copy of the headers, in their order, repeated names included.
    public var headers: [(name: String, value: [UInt8])] {
        switch headerSource {
        case .list(let list): return list
        case .message(let message):
            var pointer: OpaquePointer?
            guard rd_kafka_message_headers(message, &pointer) == RD_KAFKA_RESP_ERR_NO_ERROR, let pointer else {
                return []
            }
            var result: [(name: String, value: [UInt8])] = []
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            while rd_kafka_header_get_all(pointer, result.count, &name, &value, &size)
                == RD_KAFKA_RESP_ERR_NO_ERROR
            {
                result.append(
                    (
                        name: name.map { String(cString: $0) } ?? "",
                        value: Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
                    ))
            }
            return result
        }
    }
}
