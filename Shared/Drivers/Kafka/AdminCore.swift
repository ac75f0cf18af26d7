import CRdkafka

/// The C side of the admin client. Unchecked: every call comes on the admin client's own thread.
final class AdminCore: @unchecked Sendable {
    let settings: KafkaSettings
    private let watch: ClientWatch
    private let handle: OpaquePointer
    private let mainQueue: OpaquePointer

    init(_ settings: KafkaSettings, watch: ClientWatch) throws(KafkaError) {
        self.settings = settings
        self.watch = watch
        let configuration = try Configuration(settings.common, overriddenBy: settings.properties)
        rd_kafka_conf_set_events(configuration.pointer, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        handle = try configuration.makeHandle(RD_KAFKA_PRODUCER)
        mainQueue = rd_kafka_queue_get_main(handle)
        rd_kafka_set_log_queue(handle, mainQueue)
    }

    func destroy() {
        rd_kafka_queue_destroy(mainQueue)
        rd_kafka_destroy(handle)
    }

    /// Serves errors and log; throws the one that no waiting will cure.
    private func serve() throws(KafkaError) {
        while let event = rd_kafka_queue_poll(mainQueue, 0) {
            defer { rd_kafka_event_destroy(event) }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_ERROR:
                watch.report(
                    rd_kafka_event_error(event), rd_kafka_event_error_string(event).map { String(cString: $0) } ?? "")
            case RD_KAFKA_EVENT_LOG:
                var facility: UnsafePointer<CChar>?
                var text: UnsafePointer<CChar>?
                var level: Int32 = 0
                if rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility, let text {
                    watch.log(level: level, facility: String(cString: facility), text: String(cString: text))
                }
            default: break
            }
        }
        if let error = watch.lastError, error.code == .authentication || error.code == .ssl { throw error }
    }

    /// Brokers and all topics. Asked for all at once: a topic asked for by name may come into being by that.
    func cluster(_ timeout: Duration) throws(KafkaError) -> ClusterDescription {
        let end = ContinuousClock.now + timeout
        var metadata: UnsafePointer<rd_kafka_metadata>?
        while true {
            let code = rd_kafka_metadata(handle, 1, nil, &metadata, 500)
            try serve()
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { break }
            if ContinuousClock.now >= end {
                throw watch.lastError
                    ?? KafkaError.explained(code, subject: "describing the cluster", settings: settings)
            }
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard let found = metadata?.pointee else {
            throw KafkaError(.timedOut, "\(settings.place) described itself with nothing")
        }
        watch.answered()
        let brokers = (0..<Int(found.broker_cnt)).map { found.brokers[$0].id }.sorted()
        var topics: [TopicDescription] = []
        for index in 0..<Int(found.topic_cnt) {
            let topic = found.topics[index]
            guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, topic.partition_cnt > 0 else { continue }
            let replicas = (0..<Int(topic.partition_cnt)).map { Int(topic.partitions[$0].replica_cnt) }.min() ?? 0
            topics.append(
                TopicDescription(
                    name: String(cString: topic.topic), partitions: Int(topic.partition_cnt), replicas: replicas))
        }
        return ClusterDescription(
            id: clusterID(), brokers: brokers, topics: topics.sorted { $0.name < $1.name })
    }

    private func clusterID() -> String {
        guard let text = rd_kafka_clusterid(handle, 1_000) else { return "" }
        defer { rd_kafka_mem_free(handle, text) }
        return String(cString: text)
    }

    func create(_ topics: [NewTopic], _ timeout: Duration) throws(KafkaError) {
        var list: [OpaquePointer?] = []
        defer { list.forEach { rd_kafka_NewTopic_destroy($0) } }
        for topic in topics {
            var text = [CChar](repeating: 0, count: 512)
            guard
                let new = rd_kafka_NewTopic_new(
                    topic.name, CInt(clamping: topic.partitions), CInt(clamping: topic.replicas), &text, text.count)
            else { throw KafkaError(.configuration, "topic \(topic.name): \(string(text))") }
            list.append(new)
            for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
                try check(rd_kafka_NewTopic_set_config(new, name, value), "topic \(topic.name), \(name)")
            }
        }
        try perform(RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topics", timeout) {
            rd_kafka_CreateTopics(handle, &list, list.count, $0, $1)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            try topicResults(results, count)
        }
    }

    func grow(_ topic: String, to partitions: Int, _ timeout: Duration) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        var new: OpaquePointer? = rd_kafka_NewPartitions_new(topic, partitions, &text, text.count)
        guard new != nil else { throw KafkaError(.configuration, "topic \(topic): \(string(text))") }
        defer { rd_kafka_NewPartitions_destroy(new) }
        try perform(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "growing topic \(topic)", timeout) {
            rd_kafka_CreatePartitions(handle, &new, 1, $0, $1)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreatePartitions_result_topics(
                rd_kafka_event_CreatePartitions_result(event), &count)
            try topicResults(results, count)
        }
    }

    func configuration(of topics: [String], _ timeout: Duration) throws(KafkaError) -> [String: [TopicSetting]] {
        var list: [OpaquePointer?] = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { list.forEach { rd_kafka_ConfigResource_destroy($0) } }
        var answer: [String: [TopicSetting]] = [:]
        try perform(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "reading topic configurations", timeout) {
            rd_kafka_DescribeConfigs(handle, &list, list.count, $0, $1)
        } read: { event throws(KafkaError) in
            var count = 0
            let resources = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count)
            for index in 0..<count {
                guard let resource = resources?[index] else { continue }
                let name = String(cString: rd_kafka_ConfigResource_name(resource))
                try resourceResult(resource, name)
                answer[name] = entries(resource)
            }
        }
        return answer
    }

    func alter(_ topic: String, _ configuration: [String: String], _ timeout: Duration) throws(KafkaError) {
        var resource: OpaquePointer? = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in configuration.sorted(by: { $0.key < $1.key }) {
            try check(rd_kafka_ConfigResource_set_config(resource, name, value), "topic \(topic), \(name)")
        }
        try perform(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, "configuring topic \(topic)", timeout) {
            rd_kafka_AlterConfigs(handle, &resource, 1, $0, $1)
        } read: { event throws(KafkaError) in
            var count = 0
            let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
            for index in 0..<count {
                if let resource = resources?[index] { try resourceResult(resource, topic) }
            }
        }
    }

    // MARK: One request

    /// Sends a request and waits for its answer, serving errors meanwhile, so that a refused sign-in is told at once
    /// and not after the time-out.
    private func perform(
        _ operation: rd_kafka_admin_op_t, _ subject: String, _ timeout: Duration,
        send: (OpaquePointer?, OpaquePointer?) -> Void, read: (OpaquePointer) throws(KafkaError) -> Void
    ) throws(KafkaError) {
        // librdkafka's mock names a controller that it does not have: the request would wait for it in vain.
        if clusterID().hasPrefix("mockCluster") {
            throw KafkaError.explained(
                RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, detail: "it is librdkafka's mock cluster", subject: subject,
                settings: settings)
        }
        let queue = rd_kafka_queue_new(handle)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 512)
        try check(
            rd_kafka_AdminOptions_set_request_timeout(options, timeout.milliseconds, &text, text.count), subject)
        if operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_CREATEPARTITIONS {
            // Until all brokers know; otherwise the answer comes before the topic can be used.
            try check(
                rd_kafka_AdminOptions_set_operation_timeout(options, timeout.milliseconds, &text, text.count), subject)
        }
        send(options, queue)
        let end = ContinuousClock.now + timeout + .seconds(1)
        while ContinuousClock.now < end {
            try serve()
            guard let event = rd_kafka_queue_poll(queue, 50) else { continue }
            defer { rd_kafka_event_destroy(event) }
            let code = rd_kafka_event_error(event)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                if code == RD_KAFKA_RESP_ERR__TIMED_OUT, let error = watch.lastError { throw error }
                throw KafkaError.explained(
                    code, detail: rd_kafka_event_error_string(event).map { String(cString: $0) }, subject: subject,
                    settings: settings)
            }
            return try read(event)
        }
        throw watch.lastError
            ?? KafkaError(.timedOut, "\(subject): no answer from \(settings.place) in time", isRetriable: true)
    }

    private func topicResults(
        _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int
    ) throws(KafkaError) {
        for index in 0..<count {
            guard let result = results?[index] else { continue }
            let code = rd_kafka_topic_result_error(result)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            throw KafkaError.explained(
                code, detail: rd_kafka_topic_result_error_string(result).map { String(cString: $0) },
                subject: "topic \(String(cString: rd_kafka_topic_result_name(result)))", settings: settings)
        }
    }

    private func resourceResult(_ resource: OpaquePointer, _ topic: String) throws(KafkaError) {
        let code = rd_kafka_ConfigResource_error(resource)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError.explained(
            code, detail: rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) },
            subject: "topic \(topic)", settings: settings)
    }

    private func entries(_ resource: OpaquePointer) -> [TopicSetting] {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        return (0..<count).compactMap { index in
            guard let entry = entries?[index] else { return nil }
            return TopicSetting(
                name: String(cString: rd_kafka_ConfigEntry_name(entry)),
                value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
                isOwn: rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        }
    }

    private func check(_ code: rd_kafka_resp_err_t, _ subject: String) throws(KafkaError) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError.explained(code, subject: subject, settings: settings)
    }

    private func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
