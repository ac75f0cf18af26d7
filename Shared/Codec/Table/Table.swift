/// The samples of one metric family of one instance in one cycle: columns, not points.
public struct Table: Sendable, Equatable {
    /// The metric family, such as `statements`.
    public var family: String
    /// The server it is about: the `id` of its `[[server]]`.
    public var instance: String
    /// Who read it.
    public var collector: String
    /// When it was read: the server's clock (the collector's for what is read from /proc), microseconds UTC.
    public var time: Int64
    /// What the deltas cover: (time − interval, time], in microseconds; 0 for gauges and first readings.
    public var interval: Int64
    /// As `server_version_num`: 170011 is 17.11.
    public var serverVersion: Int32
    public var rowCount: Int
    public var columns: [Column]
    /// A flag for each row; nil when all are ``Quality/ok``.
    public var quality: [Quality]?

    public init(
        family: String, instance: String, collector: String, time: Int64, interval: Int64, serverVersion: Int32,
        rowCount: Int, columns: [Column], quality: [Quality]? = nil
    ) {
        self.family = family
        self.instance = instance
        self.collector = collector
        self.time = time
        self.interval = interval
        self.serverVersion = serverVersion
        self.rowCount = rowCount
        self.columns = columns
        self.quality = quality
    }

    /// The column of a name, if the table has it.
    public subscript(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// A text; nil when null or absent. For single cells: a loop over rows looks its column up once.
    public func string(_ column: String, _ row: Int) -> String? { self[column]?.string(row) }

    /// A whole number; nil when null or absent.
    public func integer(_ column: String, _ row: Int) -> Int64? { self[column]?.integer(row) }

    /// A number of either kind; nil when null or absent.
    public func double(_ column: String, _ row: Int) -> Double? { self[column]?.double(row) }

    /// The flag of a row.
    public func quality(_ row: Int) -> Quality { quality?[row] ?? .ok }

    /// How many samples the table holds: numbers that are neither labels nor null.
    public var sampleCount: Int {
        columns.reduce(0) { $0 + ($1.kind == .label ? 0 : rowCount - ($1.nulls?.marked ?? 0)) }
    }
}
