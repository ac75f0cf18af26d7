import CRdkafka
import Runtime

extension KafkaProducer {
    /// How many partitions a topic has, asked of the cluster. Blocks nobody; throws the topic's own error, and `.timedOut`
    /// or `.transport` when nobody answers within `timeout`.
    public func partitions(of topic: String, timeout: Duration) async throws(KafkaError) -> Int {
        let core = core
        let answer = try? await control.run { core.partitions(of: topic, timeout) }
        guard let answer else { throw ProducerCore.closed }
        return try answer.get()
    }

    /// The partition of a key (not an empty one) among so many, as `partitioner` decides it: Java's murmur2.
    public static func partition(of key: [UInt8], among partitions: Int) -> Int32 {
        rd_kafka_msg_partitioner_murmur2(nil, key, key.count, Int32(clamping: max(1, partitions)), nil, nil)
    }
}

extension ProducerCore {
    /// Blocks up to `timeout`.
    fileprivate func partitions(of name: String, _ timeout: Duration) -> Result<Int, KafkaError> {
        withHandle { handle in
            // All topics of a large cluster are not asked for, and this one is the producer's own.
            guard let topic = rd_kafka_topic_new(handle, name, nil) else {
                return .failure(
                    KafkaError.explained(rd_kafka_last_error(), subject: "topic \(name)", settings: settings))
            }
            defer { rd_kafka_topic_destroy(topic) }
            var metadata: UnsafePointer<rd_kafka_metadata>?
            var code = rd_kafka_metadata(handle, 0, topic, &metadata, timeout.milliseconds)
            defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                guard let found = metadata?.pointee, found.topic_cnt == 1 else {
                    return .failure(KafkaError(.timedOut, "topic \(name): \(settings.place) says nothing of it"))
                }
                if found.topics[0].partition_cnt > 0 { return .success(Int(found.topics[0].partition_cnt)) }
                code = found.topics[0].err
            }
            return .failure(KafkaError.explained(code, subject: "topic \(name)", settings: settings))
        } ?? .failure(Self.closed)
    }
}
