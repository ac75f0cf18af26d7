import CRdkafka

/// librdkafka's list of topics, partitions and offsets.
struct PartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// A list of these; without an offset librdkafka's "none" stands.
    init(_ items: [(TopicPartition, Int64?)]) {
        pointer = rd_kafka_topic_partition_list_new(CInt(clamping: items.count))
        for (item, offset) in items {
            let place = rd_kafka_topic_partition_list_add(pointer, item.topic, item.partition)
            if let offset { place?.pointee.offset = offset }
        }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// What is in a list that is somebody else's.
    static func read(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        guard let list, let items = list.pointee.elems else { return [] }
        return (0..<Int(list.pointee.cnt)).map {
            TopicPartition(topic: String(cString: items[$0].topic), partition: items[$0].partition)
        }
    }
}
