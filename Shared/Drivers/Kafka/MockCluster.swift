import CRdkafka
import Synchronization

/// librdkafka's own mock cluster inside this process, for tests, demonstrations and trying things out.
///
/// It keeps at most 5 MiB or 100,000 records of a partition, in memory, and drops the oldest without a word; listens on
/// the loopback address only; knows no TLS, SASL, ACLs nor CreateTopics; makes a topic that a client asks for by name
/// with 4 partitions; and aborts the process when members of a group name different assignors first.
public final class MockCluster: @unchecked Sendable {
    // Unchecked because of the pointers: they are used only under the lock, while it says that they are alive.
    private let handle: OpaquePointer
    private let cluster: OpaquePointer
    private let isOpen = Mutex(true)

    /// `host:port,host:port` for clients.
    public let bootstrapServers: String

    /// How many brokers there are; their ids are 1 to this.
    public let brokers: Int

    /// Starts the brokers and makes the topics, each with as many replicas as there are brokers, at most 3.
    public init(brokers: Int, topics: [(name: String, partitions: Int)]) throws(KafkaError) {
        let configuration = try Configuration([("client.id", "mock"), ("log_level", "3")], overriddenBy: [:])
        rd_kafka_conf_set_log_cb(configuration.pointer, ignoreLog)
        let handle = try configuration.makeHandle(RD_KAFKA_PRODUCER)
        guard let cluster = rd_kafka_mock_cluster_new(handle, CInt(clamping: brokers)) else {
            rd_kafka_destroy(handle)
            throw KafkaError(.configuration, "the mock cluster of \(brokers) brokers could not be started")
        }
        self.brokers = brokers
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        self.handle = handle
        self.cluster = cluster
        for topic in topics { try createTopic(topic.name, partitions: topic.partitions) }
    }

    deinit { close() }

    /// Stops the brokers; what was in them is gone. Calling it twice does nothing.
    public func close() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            rd_kafka_mock_cluster_destroy(cluster)
            rd_kafka_destroy(handle)
        }
    }

    /// Makes a topic.
    public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        try call("topic \(name)") {
            rd_kafka_mock_topic_create($0, name, CInt(clamping: partitions), CInt(clamping: min(brokers, 3)))
        }
    }

    /// Takes a broker off the network (its connections close and new ones are refused) or brings it back on its port.
    /// Its partitions stay its own: leaders do not move by themselves.
    public func setBroker(_ id: Int32, up: Bool) throws(KafkaError) {
        try call("broker \(id)") { up ? rd_kafka_mock_broker_set_up($0, id) : rd_kafka_mock_broker_set_down($0, id) }
    }

    /// Delays every answer of a broker.
    public func setLatency(_ id: Int32, _ latency: Duration) throws(KafkaError) {
        try call("broker \(id)") { rd_kafka_mock_broker_set_rtt($0, id, latency.milliseconds) }
    }

    /// The next requests of this kind, whichever broker gets them, fail with these errors, one each, and are not
    /// carried out; then all is as before. Errors by librdkafka's names; `_TRANSPORT` closes the connection.
    public func pushErrors(_ request: MockRequest, _ errors: [KafkaError.Code]) throws(KafkaError) {
        let codes = try errors.map { code throws(KafkaError) in try Self.code(code) }
        try call("errors") {
            rd_kafka_mock_push_request_errors_array($0, request.apiKey, codes.count, codes)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Takes back what `pushErrors` left over.
    public func clearErrors(_ request: MockRequest) throws(KafkaError) {
        try call("errors") {
            rd_kafka_mock_clear_request_errors($0, request.apiKey)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// The next request of this kind that broker `id` gets is carried out, and its answer comes `delay` late: with more
    /// than the client's `socket.timeout.ms` that is a lost acknowledgement. The mock does not drop the second copy that
    /// an idempotent producer then sends, as a real broker does.
    public func loseAcknowledgement(
        _ id: Int32, of request: MockRequest = .produce, delay: Duration
    ) throws(KafkaError) {
        try call("broker \(id)") {
            pga_mock_push_request_error_rtt(
                $0, id, request.apiKey, RD_KAFKA_RESP_ERR_NO_ERROR, delay.milliseconds)
        }
    }

    /// Makes another broker the leader of a partition; -1 takes the leader away.
    public func setLeader(_ partition: TopicPartition, _ id: Int32) throws(KafkaError) {
        try call("\(partition), broker \(id)") {
            rd_kafka_mock_partition_set_leader($0, partition.topic, partition.partition, id)
        }
    }

    /// Answers each question about the topic with this error, until it is set to nil: who asked before goes on producing.
    /// The partitions are named beside it, which a real broker does for no error; librdkafka 2.8 crashes when it is another one
    /// than that the topic is unknown.
    public func setTopicError(_ topic: String, _ error: KafkaError.Code?) throws(KafkaError) {
        let code = try error.map { code throws(KafkaError) in try Self.code(code) } ?? RD_KAFKA_RESP_ERR_NO_ERROR
        try call("topic \(topic)") {
            rd_kafka_mock_topic_set_error($0, topic, code)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    private func call(_ subject: String, _ body: (OpaquePointer) -> rd_kafka_resp_err_t) throws(KafkaError) {
        guard let code = isOpen.withLock({ $0 ? body(cluster) : nil }) else {
            throw KafkaError(.closed, "the mock cluster is closed")
        }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError(
            KafkaError.Code(rawValue: String(cString: rd_kafka_err2name(code))),
            "mock cluster, \(subject): \(String(cString: rd_kafka_err2str(code)))")
    }

    /// librdkafka's number of an error's name.
    static func code(_ code: KafkaError.Code) throws(KafkaError) -> rd_kafka_resp_err_t {
        var descriptions: UnsafePointer<rd_kafka_err_desc>?
        var count = 0
        rd_kafka_get_err_descs(&descriptions, &count)
        for index in 0..<count {
            guard let description = descriptions?[index], let name = description.name else { continue }
            if String(cString: name) == code.rawValue { return description.code }
        }
        throw KafkaError(
            .configuration,
            "\(code.rawValue) is not an error librdkafka knows; names look like NOT_LEADER_FOR_PARTITION or _TRANSPORT")
    }
}

/// The mock's own log: every request it does not know, which our callers learn from the answer.
@c func ignoreLog(
    _ handle: OpaquePointer?, _ level: CInt, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {}
