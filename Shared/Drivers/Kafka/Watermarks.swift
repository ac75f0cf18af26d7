import CRdkafka

/// Where a partition's reading can start.
struct Watermarks: Sendable {
    /// The first offset there is.
    let low: Int64
    /// The one after the last.
    let high: Int64

    /// Asks the partitions' leaders.
    ///
    /// By `rd_kafka_offsets_for_times`, which passes ListOffsets' two special times on: `rd_kafka_query_watermark_offsets`
    /// asks for one partition at a time and, before 2.3.0, waits for ever when the leader is down (#2588, #4460).
    static func ask(
        _ handle: OpaquePointer, of partitions: [TopicPartition], _ timeout: Duration, _ settings: KafkaSettings
    ) throws(KafkaError) -> [TopicPartition: Watermarks] {
        let end = ContinuousClock.now + timeout
        let low = try offsets(handle, of: partitions, at: Int64(RD_KAFKA_OFFSET_BEGINNING), timeout, settings)
        let high = try offsets(
            handle, of: partitions, at: Int64(RD_KAFKA_OFFSET_END), max(.milliseconds(500), end - .now), settings)
        var marks: [TopicPartition: Watermarks] = [:]
        for (partition, offset) in low {
            // Retention may move the beginning between the two questions, never past the end.
            marks[partition] = Watermarks(low: offset, high: max(offset, high[partition] ?? offset))
        }
        return marks
    }

    private static func offsets(
        _ handle: OpaquePointer, of partitions: [TopicPartition], at time: Int64, _ timeout: Duration,
        _ settings: KafkaSettings
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions.map { ($0, time) })
        let code = rd_kafka_offsets_for_times(handle, list.pointer, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let place = partitions.count == 1 ? "\(partitions[0])" : "\(partitions.count) partitions"
            throw KafkaError.explained(code, subject: "offsets of \(place)", settings: settings)
        }
        var result: [TopicPartition: Int64] = [:]
        for index in 0..<Int(list.pointer.pointee.cnt) {
            let item = list.pointer.pointee.elems[index]
            let partition = TopicPartition(topic: String(cString: item.topic), partition: item.partition)
            guard item.err == RD_KAFKA_RESP_ERR_NO_ERROR, item.offset >= 0 else {
                let reason = item.err == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__TIMED_OUT : item.err
                throw KafkaError.explained(reason, subject: "offsets of \(partition)", settings: settings)
            }
            result[partition] = item.offset
        }
        return result
    }
}
