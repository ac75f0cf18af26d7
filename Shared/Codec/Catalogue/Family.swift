/// A metric family as data: what one kind of sample table holds, and what it is called elsewhere.
///
/// Collector, writer, API and alerter all take it from here. The SQL that fills it is the collector's own affair.
public struct Family: Sendable, Equatable {
    /// What absence means.
    public enum Kind: String, Sendable {
        /// Rows in which nothing moved are left out: absent from a table that arrived means zero.
        case counter
        /// Every row is sent in every cycle: absent means gone.
        case gauge
    }

    /// The name, which is also its table's and its view's in the storage.
    public let name: String
    public let kind: Kind
    /// How often it is read when nothing else is set.
    public let intervalSeconds: Int
    /// One sentence or two for the manual.
    public let description: String
    /// In the order in which they are stored.
    public let columns: [FamilyColumn]
    /// The column by which a builder sorts the rows, largest first: neighbours that are alike compress better.
    public let sortedBy: String?
    /// Before that the rows are put together in which the same of these columns moved.
    public let groupedBy: [String]

    public init(
        name: String, kind: Kind, intervalSeconds: Int, description: String, columns: [FamilyColumn],
        sortedBy: String? = nil, groupedBy: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.intervalSeconds = intervalSeconds
        self.description = description
        self.columns = columns
        self.sortedBy = sortedBy
        self.groupedBy = groupedBy
    }

    /// The column of a name, if the family has it.
    public func column(_ name: String) -> FamilyColumn? { columns.first { $0.name == name } }

    /// The columns that name a series.
    public var labels: [FamilyColumn] { columns.filter { $0.kind == .label } }

    /// The columns that hold samples.
    public var values: [FamilyColumn] { columns.filter { $0.kind != .label } }
}
