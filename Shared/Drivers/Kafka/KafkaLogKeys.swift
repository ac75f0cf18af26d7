import Runtime

extension LogKey {
    static let kafkaTopic: LogKey = "kafka.topic"
    static let kafkaPartition: LogKey = "kafka.partition"
    static let kafkaPartitions: LogKey = "kafka.partitions"
    static let kafkaOffset: LogKey = "kafka.offset"
    static let kafkaTo: LogKey = "kafka.to"
    static let kafkaGroup: LogKey = "kafka.group"
    static let kafkaServers: LogKey = "kafka.servers"
    static let kafkaFacility: LogKey = "kafka.facility"
    static let kafkaText: LogKey = "kafka.text"
    static let kafkaReason: LogKey = "kafka.reason"
    static let suppressed: LogKey = "log.suppressed"
    static let attempts: LogKey = "attempts"
    static let batchRecords: LogKey = "batch.records"
}
