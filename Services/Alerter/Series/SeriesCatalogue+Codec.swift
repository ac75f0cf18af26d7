import Codec

extension SeriesCatalogue {
    /// The series of the metric catalogue that are gauges, and the alerter's own.
    static let codec: SeriesCatalogue = {
        var origins: [String: Origin] = [:]
        var unusable: [String: String] = [:]
        for family in Catalogue.families {
            for column in family.values {
                guard let name = column.prometheusName else { continue }
                if column.kind == .counter {
                    unusable[name] =
                        "is a counter: it needs rate() or increase(), which are not part of the subset evaluated here"
                } else if family.kind == .counter {
                    unusable[name] =
                        "is not sent in every cycle (family '\(family.name)'), so that what arrived last says nothing"
                } else {
                    origins[name] = .family(family.name)
                }
            }
        }
        for name in Own.all { origins[name] = .own }
        return SeriesCatalogue(origins: origins, unusable: unusable)
    }()
}

/// Takes the series that rules name out of a table.
struct SeriesReader: Sendable {
    private struct Plan: Sendable {
        var columns: [FamilyColumn] = []
        var labels: [FamilyColumn] = []
    }

    /// A label is short, whatever the table carries: it is in each page and event, and Kafka's messages have a limit.
    static let longest = 301

    /// By family; families that no rule names are not read at all.
    private let plans: [String: Plan]

    init(names: Set<String>) {
        var plans: [String: Plan] = [:]
        for family in Catalogue.families where family.kind == .gauge {
            let columns = family.values.filter { $0.prometheusName.map(names.contains) ?? false }
            guard !columns.isEmpty else { continue }
            plans[family.name] = Plan(columns: columns, labels: family.labels.filter { $0.prometheusName != nil })
        }
        self.plans = plans
    }

    func reads(_ family: String) -> Bool { plans[family] != nil }

    /// The series of a table, each under its name; nil for a family that no rule names.
    func samples(_ table: Table) -> [String: [Sample]]? {
        guard let plan = plans[table.family] else { return nil }
        let labels = plan.labels.compactMap { label in table[label.name].map { (label.prometheusName!, $0) } }
        var rows: [Labels] = []
        rows.reserveCapacity(table.rowCount)
        for row in 0..<table.rowCount {
            var found: Labels = ["instance": table.instance]
            for (name, column) in labels {
                if let text = column.string(row) ?? column.integer(row).map(String.init), !text.isEmpty {
                    found[name] = text.beginning(Self.longest)
                }
            }
            rows.append(found)
        }
        var samples: [String: [Sample]] = [:]
        for declared in plan.columns {
            guard let name = declared.prometheusName else { continue }
            var series = samples[name] ?? []
            if let column = table[declared.name] {
                for row in 0..<table.rowCount {
                    guard let value = column.double(row) else { continue }
                    var labels = rows[row]
                    for label in declared.prometheusLabels { labels[label.name] = label.value }
                    series.append(Sample(labels: labels, value: value * declared.prometheusScale))
                }
            }
            samples[name] = series
        }
        return samples
    }
}
