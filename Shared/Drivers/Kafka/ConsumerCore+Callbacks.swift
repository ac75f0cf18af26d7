import CRdkafka

/// What librdkafka's callbacks note; all of them fire inside poll or close, on the consumer's thread.
extension ConsumerCore {
    /// Registers them.
    func listen(_ configuration: OpaquePointer) {
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
        rd_kafka_conf_set_rebalance_cb(configuration, noteRebalance)
        rd_kafka_conf_set_error_cb(configuration, noteError)
        rd_kafka_conf_set_log_cb(configuration, noteLog)
    }

    fileprivate func rebalanced(_ handle: OpaquePointer?, _ code: rd_kafka_resp_err_t, _ list: [TopicPartition]) {
        if isClosing {
            // Inside rd_kafka_consumer_close: nobody polls any more who could answer later.
            _ = rd_kafka_assign(handle, nil)
            return
        }
        awaitsAssign = true
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            news.changes.append(.assigned(list.sorted()))
        } else {
            // rd_kafka_rebalance_protocol would tell eager from cooperative, and may hang here (#4041); it is range.
            news.changes.append(.revoked(list.sorted(), isLost: rd_kafka_assignment_lost(handle) != 0))
        }
    }

    fileprivate func failed(_ code: rd_kafka_resp_err_t, _ text: String) {
        metrics.failed(KafkaError.Code(rawValue: String(cString: rd_kafka_err2name(code))))
        watch.report(code, text)
    }

    fileprivate func logged(_ level: CInt, _ facility: String, _ text: String) {
        watch.log(level: level, facility: facility, text: text)
    }
}

private func core(_ opaque: UnsafeMutableRawPointer?) -> ConsumerCore? {
    opaque.map { Unmanaged<ConsumerCore>.fromOpaque($0).takeUnretainedValue() }
}

@c private func noteRebalance(
    _ handle: OpaquePointer?, _ code: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    core(opaque)?.rebalanced(handle, code, PartitionList.read(list))
}

@c private func noteError(
    _ handle: OpaquePointer?, _ code: CInt, _ text: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    core(opaque)?.failed(rd_kafka_resp_err_t(code), text.map { String(cString: $0) } ?? "")
}

/// Fires inside poll or close, on the consumer's thread, because `log.queue` is set.
@c private func noteLog(
    _ handle: OpaquePointer?, _ level: CInt, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    guard let handle, let facility, let text else { return }
    core(rd_kafka_opaque(handle))?.logged(level, String(cString: facility), String(cString: text))
}
