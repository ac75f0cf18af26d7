/// One record to be sent.
public struct ProducerRecord: Sendable {
    public var topic: String

    /// Decides the partition. Empty means none: Java's and librdkafka's partitioners disagree on empty keys
    /// (librdkafka #4510), so an empty key is sent as no key at all.
    public var key: [UInt8]

    /// nil is a tombstone: on a compacted topic it deletes the key.
    public var value: [UInt8]?
    public var headers: [(name: String, value: [UInt8])]

    /// nil, the rule, lets the key decide.
    public var partition: Int32?

    public init(
        topic: String, key: [UInt8], value: [UInt8]?, headers: [(name: String, value: [UInt8])] = [],
        partition: Int32? = nil
    ) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.partition = partition
    }
}
