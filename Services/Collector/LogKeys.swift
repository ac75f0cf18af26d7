import Runtime

extension LogKey {
    static let serverID: LogKey = "server.id"
    static let serverVersion: LogKey = "server.version"
    static let familyName: LogKey = "family.name"
    static let spoolBytes: LogKey = "spool.bytes"
    static let spoolDamaged: LogKey = "spool.damaged"
    static let collectorID: LogKey = "collector.id"
    static let intervalSeconds: LogKey = "interval.s"
    static let kafkaTopic: LogKey = "kafka.topic"
    static let batchRecords: LogKey = "batch.records"
    static let servers: LogKey = "servers"
}
