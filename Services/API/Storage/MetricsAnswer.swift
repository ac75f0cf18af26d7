import Codec
import Postgres

/// Writes the answer to a ``MetricsQuery`` as its rows come.
struct MetricsAnswer {
    var json = JSONWriter(reserving: 64 * 1024)
    private let query: MetricsQuery
    /// What rows call the points, in order.
    private var positions: [Int64] = []
    /// For each point whether a table arrived.
    private var arrived: [Bool] = []

    init(_ query: MetricsQuery) {
        self.query = query
        json.beginObject()
        json.member("server", query.instance)
        json.member("family", query.family.name)
        json.member("metric", query.metric.name)
        json.member("kind", query.metric.kind == .counter ? "counter" : "gauge")
        json.member("unit", String(describing: query.metric.unit))
        json.member("aggregate", query.aggregate)
        json.member("from", time: query.range.from)
        json.member("to", time: query.range.to)
        json.member("step_us", query.step)
    }

    /// Finds the points and writes their times, as Unix time in seconds.
    mutating func loadTimes(_ connection: inout PostgresConnection, _ timeout: Duration) async throws {
        var times: [Int64] = []
        if let step = query.step {
            let count = (query.range.to - query.range.from + step - 1) / step
            positions = Array(0..<count)
            times = positions.map { min(query.range.from + ($0 + 1) * step, query.range.to) }
        } else {
            try await connection.each(query.timesSQL, Array(query.parameters.prefix(3)), timeout: timeout) {
                result, row in
                if let time = try result.int(row, 0) { times.append(time) }
            }
            guard times.count <= MetricsQuery.mostPoints else {
                throw Problem.tooMuch(
                    "The range has more than \(MetricsQuery.mostPoints) readings.", place: "query step",
                    remedy: "Give a step, or a shorter range.")
            }
            positions = times
        }
        json.key("times")
        json.beginArray()
        for time in times { json.value(json: RFC3339.seconds(time)) }
        json.endArray()
    }

    /// Finds out in which points a table arrived; only of use for counters.
    mutating func loadArrivals(_ connection: inout PostgresConnection, _ timeout: Duration) async throws {
        arrived = Array(repeating: query.step == nil, count: positions.count)
        guard query.isFilledWithZero, query.step != nil else { return }
        let parameters = Array(query.parameters.prefix(3)) + [.text(query.family.name)]
        var found: [Int] = []
        try await connection.each(query.arrivalsSQL, parameters, timeout: timeout) { result, row in
            if let position = try result.int(row, 0) { found.append(Int(position)) }
        }
        for position in found where arrived.indices.contains(position) { arrived[position] = true }
    }

    /// Writes the series: rows come by series and within one by time.
    mutating func writeSeries(_ connection: inout PostgresConnection, _ timeout: Duration) async throws {
        let result = try await connection.query(query.seriesSQL, query.parameters, timeout: timeout)
        json.member("series_total", result.rowCount == 0 ? 0 : try result.int(0, 4))
        json.key("series")
        json.beginArray()
        var row = 0
        while row < result.rowCount {
            let rank = try result.int(row, 2)
            let hasValues = try result.bool(row, 3) ?? false
            json.beginObject()
            try writeLabels(result, row)
            json.key("values")
            json.beginArray()
            var point = 0
            while row < result.rowCount, try result.int(row, 2) == rank {
                guard let position = try result.int(row, 0) else { break }
                while point < positions.count, positions[point] < position {
                    writeMissing(point, hasValues)
                    point += 1
                }
                if point < positions.count, positions[point] == position {
                    if query.isInteger {
                        json.value(try result.int(row, 1))
                    } else {
                        json.value(try result.double(row, 1))
                    }
                    point += 1
                }
                row += 1
            }
            while point < positions.count {
                writeMissing(point, hasValues)
                point += 1
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
    }

    private mutating func writeMissing(_ point: Int, _ hasValues: Bool) {
        json.value(query.isFilledWithZero && hasValues && arrived[point] ? Int64(0) : nil)
    }

    private mutating func writeLabels(_ result: borrowing QueryResult, _ row: Int) throws {
        json.key("labels")
        json.beginObject()
        for (index, label) in query.family.labels.enumerated() {
            if label.type == .text {
                json.member(label.name, try result.text(row, 5 + index))
            } else {
                json.member(label.name, try result.int(row, 5 + index))
            }
        }
        json.endObject()
    }
}
