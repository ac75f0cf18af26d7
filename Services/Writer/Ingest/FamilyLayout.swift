import Codec

/// A family's table as COPY fills it.
struct FamilyLayout: Sendable {
    /// The table in schema `metrics`.
    let table: String
    let columns: [FrozenFamily.Column]
    let copy: String
    private let places: [String: Int]

    init(_ family: FrozenFamily) {
        self.init(table: family.name, columns: family.columns)
    }

    private init(table: String, columns: [FrozenFamily.Column]) {
        self.table = table
        self.columns = columns
        let names = columns.map { ", \"\($0.name)\"" }.joined()
        copy = """
            COPY metrics."\(table)" ("time", instance, interval_us, quality\(names), extra) FROM STDIN (FORMAT binary)
            """
        places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1.name, $0) })
    }

    /// Where rows of unknown families go.
    static let other = FamilyLayout(table: "other", columns: [.init(name: "family", type: .text)])

    /// Every family's.
    static let all: [String: FamilyLayout] = Dictionary(
        uniqueKeysWithValues: Schema.families.map { ($0.name, FamilyLayout($0)) })

    static func of(_ family: String) -> FamilyLayout { all[family] ?? other }

    /// The place of a column of this name whose values fit; nil: it goes to `extra`.
    func place(of column: Column) -> Int? {
        guard let place = places[column.name] else { return nil }
        switch (columns[place].type, column.values) {
        case (.text, .strings), (.integer, .integers), (.double, .doubles), (.double, .integers): return place
        default: return nil
        }
    }
}
