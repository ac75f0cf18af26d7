import Kafka

/// What a sequence counts: one producer's messages under one key in one partition, since the epoch began.
struct StreamKey: Hashable, Sendable, Comparable {
    var partition: TopicPartition
    var producer: String
    var key: String
    var epoch: String

    static func < (left: StreamKey, right: StreamKey) -> Bool {
        if left.partition != right.partition { return left.partition < right.partition }
        return (left.producer, left.key, left.epoch) < (right.producer, right.key, right.epoch)
    }
}
