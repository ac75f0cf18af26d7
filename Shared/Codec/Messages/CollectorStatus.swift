/// A collector's heartbeat: the process, its spool, its own cost, and the servers that it reads.
public struct CollectorStatus: Message {
    public static let name = "pganalytics.v1.CollectorStatus"

    public var collector: String
    public var version: String
    public var hostname: String
    public var pid: Int32
    /// When the process began, in microseconds UTC.
    public var startedAt: Int64
    /// When this was written, in microseconds UTC by the collector's clock.
    public var time: Int64
    /// User and system time since it began.
    public var cpuMicroseconds: Int64
    /// Resident memory.
    public var rssBytes: Int64
    /// What waits in the spool.
    public var spoolBytes: Int64
    /// The age of the oldest message in the spool, in microseconds; 0 when it is empty.
    public var spoolOldest: Int64
    /// Messages that a full spool had to drop since the process began.
    public var spoolDropped: Int64
    /// Messages acknowledged by the broker since the process began.
    public var sent: Int64
    public var instances: [CollectedInstance]
    /// How long until the next heartbeat: who hears nothing for several times as long may say that it is silent.
    public var intervalMicroseconds: Int64

    public init(
        collector: String = "", version: String = "", hostname: String = "", pid: Int32 = 0, startedAt: Int64 = 0,
        time: Int64 = 0, cpuMicroseconds: Int64 = 0, rssBytes: Int64 = 0, spoolBytes: Int64 = 0,
        spoolOldest: Int64 = 0, spoolDropped: Int64 = 0, sent: Int64 = 0, instances: [CollectedInstance] = [],
        intervalMicroseconds: Int64 = 0
    ) {
        self.collector = collector
        self.version = version
        self.hostname = hostname
        self.pid = pid
        self.startedAt = startedAt
        self.time = time
        self.cpuMicroseconds = cpuMicroseconds
        self.rssBytes = rssBytes
        self.spoolBytes = spoolBytes
        self.spoolOldest = spoolOldest
        self.spoolDropped = spoolDropped
        self.sent = sent
        self.instances = instances
        self.intervalMicroseconds = intervalMicroseconds
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, collector)
        writer.string(2, version)
        writer.string(3, hostname)
        writer.int32(4, pid)
        writer.int64(5, startedAt)
        writer.int64(6, time)
        writer.int64(7, cpuMicroseconds)
        writer.int64(8, rssBytes)
        writer.int64(9, spoolBytes)
        writer.int64(10, spoolOldest)
        writer.int64(11, spoolDropped)
        writer.int64(12, sent)
        writer.messages(13, instances)
        writer.int64(14, intervalMicroseconds)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: collector = try reader.string(field)
            case 2: version = try reader.string(field)
            case 3: hostname = try reader.string(field)
            case 4: pid = try reader.int32(field)
            case 5: startedAt = try reader.int64(field)
            case 6: time = try reader.int64(field)
            case 7: cpuMicroseconds = try reader.int64(field)
            case 8: rssBytes = try reader.int64(field)
            case 9: spoolBytes = try reader.int64(field)
            case 10: spoolOldest = try reader.int64(field)
            case 11: spoolDropped = try reader.int64(field)
            case 12: sent = try reader.int64(field)
            case 13: instances.append(try reader.message(field))
            case 14: intervalMicroseconds = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
