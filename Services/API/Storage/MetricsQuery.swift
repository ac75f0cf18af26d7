import Codec
import Postgres

/// What was asked of a metric, and the SQL for it. Names of columns come from the catalogue, values are parameters.
struct MetricsQuery: Sendable {
    /// The most points of a series: what a screen can show, and then some.
    static let mostPoints = 2000

    let instance: String
    let family: Family
    let metric: FamilyColumn
    let range: TimeRange
    let step: Int64?
    let aggregate: String
    let limit: Int
    /// Labels that must have these values.
    let filters: [(column: FamilyColumn, value: PostgresValue)]

    init(_ call: Call) throws {
        let parameters = call.parameters
        instance = call.path("id")
        guard let family = parameters.text("family").flatMap(Catalogue.family) else {
            throw Problem.badParameter("family", "There is no such family.")
        }
        self.family = family
        guard let metric = family.values.first(where: { $0.name == parameters.text("metric") }) else {
            throw Problem.badParameter(
                "metric", "The family \(family.name) has no such metric.",
                remedy: "It has \(family.values.map(\.name).joined(separator: ", ")).")
        }
        self.metric = metric
        range = try TimeRange(parameters, now: call.now)
        step = parameters.duration("step")
        aggregate = metric.kind == .counter ? "sum" : parameters.text("aggregate") ?? "last"
        limit = parameters.integer("limit") ?? 20
        filters = try parameters.pairs("label").map { pair throws(Problem) in
            guard let column = family.labels.first(where: { $0.name == pair.name }) else {
                throw .badParameter(
                    "label", "The family \(family.name) has no label \(pair.name.prefix(63)).",
                    remedy: "It has \(family.labels.map(\.name).joined(separator: ", ")).")
            }
            guard column.type != .text else { return (column, .text(pair.value)) }
            guard let number = Int64(pair.value) else {
                throw .badParameter("label", "The label \(column.name) is a whole number.")
            }
            return (column, .int(number))
        }
        if let step, (range.to - range.from + step - 1) / step > Self.mostPoints {
            throw Problem.tooMuch(
                "The range has more than \(Self.mostPoints) steps.", place: "query step",
                remedy: "Ask for a shorter range or a longer step.")
        }
    }

    /// Whether a step in which a table arrived and a series has no row is zero and not a gap.
    var isFilledWithZero: Bool { metric.kind == .counter && family.kind == .counter }

    var isInteger: Bool { metric.type == .integer && aggregate != "avg" }

    /// The first parameters of every query.
    var parameters: [PostgresValue] {
        [.text(instance), .timestamp(range.from), .timestamp(range.to)] + filters.map(\.value)
    }

    private static let micros = "(extract(epoch FROM time) * 1000000)::bigint"

    /// Which point a row belongs to: the number of its step, or its own time in microseconds.
    var position: String {
        step.map { "((\(Self.micros) - \(range.from) - 1) / \($0))" } ?? Self.micros
    }

    private var condition: String {
        var text = "instance = $1 AND time > $2 AND time <= $3"
        for (index, filter) in filters.enumerated() { text += " AND \"\(filter.column.name)\" = $\(index + 4)" }
        return text
    }

    private var labels: String { family.labels.map { ", \"\($0.name)\"" }.joined() }

    /// The times at which readings of the family are there.
    var timesSQL: String {
        """
        SELECT DISTINCT \(Self.micros) AS position FROM api."\(family.name)"
        WHERE instance = $1 AND time > $2 AND time <= $3 ORDER BY 1 LIMIT \(Self.mostPoints + 1)
        """
    }

    /// The steps in which the family was read with success: its table arrived, or the collector noted that there was no
    /// row to send. Where it sent rows only they count: their table may have been lost. What it notes is by its own clock,
    /// and is put on the server's; clocks an hour apart show nothing rather than zero.
    var arrivalsSQL: String {
        """
        SELECT DISTINCT \(position) FROM (
            SELECT CASE WHEN coalesce(c.clock_offset, 0) BETWEEN -3600000000 AND 3600000000
                   THEN f.time + coalesce(c.clock_offset, 0) * interval '1 microsecond' END AS time
            FROM api.cycle_family f LEFT JOIN api.cycle c ON c.instance = f.instance AND c.time = f.time
            WHERE f.instance = $1 AND f.time > $2 - interval '1 hour' AND f.time <= $3 + interval '1 hour'
              AND f.family = $4 AND f.outcome = 'ok' AND f.rows = 0
        ) empty WHERE time > $2 AND time <= $3
        UNION SELECT DISTINCT \(position) FROM api."\(family.name)"
        WHERE instance = $1 AND time > $2 AND time <= $3
        """
    }

    /// Position, value, rank of the series, whether it has any value, number of series, and the labels.
    var seriesSQL: String {
        let value: String
        switch aggregate {
        case "sum": value = "sum(\"\(metric.name)\")"
        case "last":
            value =
                "(array_agg(\"\(metric.name)\" ORDER BY time DESC) FILTER (WHERE \"\(metric.name)\" IS NOT NULL))[1]"
        default: value = "\(aggregate)(\"\(metric.name)\")"
        }
        let type = isInteger ? "bigint" : "double precision"
        let total = metric.kind == .counter ? "sum(v)" : "max(v)"
        let names = labels
        return """
            WITH points AS (
                SELECT \(position) AS position, \(value)::\(type) AS v\(names) FROM api."\(family.name)"
                WHERE \(condition) GROUP BY 1\(names)
            ), totals AS (
                SELECT \(total) AS total, dense_rank() OVER (ORDER BY \(total) DESC NULLS LAST\(names)) AS rank\(names)
                FROM points GROUP BY \(names.dropFirst().isEmpty ? "()" : String(names.dropFirst()))
            )
            SELECT p.position, p.v, t.rank, t.total IS NOT NULL, (SELECT max(rank) FROM totals)
                   \(family.labels.map { ", p.\"\($0.name)\"" }.joined())
            FROM points p JOIN totals t ON \(joinCondition)
            WHERE t.rank <= \(limit) ORDER BY t.rank, p.position
            """
    }

    /// Labels may be null, and a null is one value of a label like another.
    private var joinCondition: String {
        family.labels.isEmpty
            ? "true"
            : family.labels.map { "p.\"\($0.name)\" IS NOT DISTINCT FROM t.\"\($0.name)\"" }.joined(separator: " AND ")
    }
}
