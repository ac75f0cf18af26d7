/// A column of a ``Family``.
public struct FamilyColumn: Sendable, Equatable {
    public let name: String
    public let kind: ColumnKind
    public let unit: Unit
    public let type: ValueType
    /// One sentence for the manual.
    public let description: String
    /// For a value the name of its series, for a label the label's name; nil when it is in no series.
    public let prometheusName: String?
    /// What a value is multiplied by to be in the series' unit, such as 1e-9 from nanoseconds to seconds.
    public let prometheusScale: Double
    /// Labels that this column's series has besides the row's, such as `mode="user"`.
    public let prometheusLabels: [Label]
    /// The first server version (as `server_version_num`) that has it; 0 when all have.
    public let since: Int32
    /// A gauge in a family of counters that says something of a lifetime: a row carries it when it changed since the last
    /// reading, and 0 otherwise.
    public let onChange: Bool

    public init(
        _ name: String, _ kind: ColumnKind, _ unit: Unit, _ type: ValueType, _ description: String,
        prometheusName: String? = nil, prometheusScale: Double = 1, prometheusLabels: [Label] = [], since: Int32 = 0,
        onChange: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.type = type
        self.description = description
        self.prometheusName = prometheusName
        self.prometheusScale = prometheusScale
        self.prometheusLabels = prometheusLabels
        self.since = since
        self.onChange = onChange
    }

    static func label(
        _ name: String, _ type: ValueType = .text, unit: Unit = .none, prometheus: String? = nil, since: Int32 = 0,
        _ description: String
    ) -> FamilyColumn {
        FamilyColumn(name, .label, unit, type, description, prometheusName: prometheus, since: since)
    }

    /// A label in text that no series has.
    static func label(_ name: String, _ description: String) -> FamilyColumn {
        FamilyColumn(name, .label, .none, .text, description)
    }

    static func counter(
        _ name: String, _ unit: Unit, _ type: ValueType = .integer, prometheus: String, scale: Double = 1,
        labels: [Label] = [], since: Int32 = 0, _ description: String
    ) -> FamilyColumn {
        FamilyColumn(
            name, .counter, unit, type, description, prometheusName: prometheus, prometheusScale: scale,
            prometheusLabels: labels, since: since)
    }

    static func gauge(
        _ name: String, _ unit: Unit, _ type: ValueType = .integer, prometheus: String, scale: Double = 1,
        onChange: Bool = false, labels: [Label] = [], since: Int32 = 0, _ description: String
    ) -> FamilyColumn {
        FamilyColumn(
            name, .gauge, unit, type, description, prometheusName: prometheus, prometheusScale: scale,
            prometheusLabels: labels, since: since, onChange: onChange)
    }
}
