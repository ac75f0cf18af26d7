import Codec
import Testing

@Suite struct CatalogueTests {
    /// A name that is changed is changed in storage, rules and dashboards of everybody: let it be on purpose.
    @Test func `The families are these`() {
        #expect(
            Catalogue.families.map(\.name) == [
                "cycle", "cycle_family", "statements", "activity", "lock_waits", "connections", "database", "system",
                "system_disk",
            ])
        #expect(Catalogue.family("statements") == .statements && Catalogue.family("other") == nil)
    }

    @Test(arguments: Catalogue.families.map(\.name))
    func `Columns are told apart by name and described`(_ name: String) throws {
        let family = try #require(Catalogue.family(name))
        #expect(Set(family.columns.map(\.name)).count == family.columns.count)
        #expect(!family.description.isEmpty && family.intervalSeconds > 0)
        for column in family.columns {
            #expect(!column.description.isEmpty)
            #expect(column.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(column.name)")
            // Columns that the storage adds to every table.
            #expect(!["instance", "time", "interval_us", "quality"].contains(column.name), "\(column.name)")
            if column.kind != .label {
                #expect(column.type != .text)
                #expect(column.prometheusName != nil, "\(family.name).\(column.name)")
            }
        }
        for order in family.groupedBy + [family.sortedBy].compactMap(\.self) {
            #expect(family.column(order)?.type == .integer)
        }
    }

    @Test func `No two columns make the same series`() {
        var seen: [String: String] = [:]
        for family in Catalogue.families {
            for column in family.values {
                let series =
                    column.prometheusName! + column.prometheusLabels.map { "{\($0.name)=\($0.value)}" }.joined()
                #expect(seen.updateValue(family.name, forKey: series) == nil, "\(series)")
            }
        }
    }

    @Test func `A series' unit is its name's`() {
        for column in Catalogue.families.flatMap(\.values) {
            let name = column.prometheusName!
            guard name.contains("_seconds") else { continue }
            let expected: [Unit: Double] = [.nanoseconds: 1e-9, .microseconds: 1e-6, .unixMicroseconds: 1e-6]
            #expect(expected[column.unit] == column.prometheusScale, "\(name)")
        }
    }

    @Test func `postgres_exporter's names are kept where both have the metric`() {
        func same(_ family: Family, _ column: String, _ name: String) {
            #expect(family.column(column)?.prometheusName == name)
        }
        same(.statements, "calls", "pg_stat_statements_calls_total")
        same(.statements, "total_exec_time", "pg_stat_statements_seconds_total")
        same(.statements, "rows", "pg_stat_statements_rows_total")
        same(.statements, "shared_blk_read_time", "pg_stat_statements_block_read_seconds_total")
        same(.activity, "count", "pg_stat_activity_count")
        same(.activity, "longest_transaction", "pg_stat_activity_max_tx_duration")
        same(.connections, "max_connections", "pg_settings_max_connections")
        same(.database, "xact_commit", "pg_stat_database_xact_commit")
        same(.cycle, "up", "pg_up")
        same(.cycle, "server_start", "pg_postmaster_start_time_seconds")
        same(.cycle, "in_recovery", "pg_replication_is_replica")
    }

    @Test func `The deviation of an interval is that of what came in it`() {
        let earlier: [Double] = [3_000_000, 1_000_000, 2_500_000]
        let interval: [Double] = [1_200_000, 1_900_000, 900_000, 4_000_000]
        func lifetime(_ times: [Double]) -> Deviation.Lifetime {
            let mean = times.reduce(0, +) / Double(times.count)
            let variance = times.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(times.count)
            return .init(count: Int64(times.count), total: times.reduce(0, +), deviation: variance.squareRoot())
        }
        let found = Double(Deviation.between(lifetime(earlier), lifetime(earlier + interval)))
        #expect(abs(found / lifetime(interval).deviation - 1) < 0.008)
        #expect(Deviation.between(lifetime(earlier), lifetime(earlier + [5])) == 0)
        let none = Deviation.Lifetime(count: 0, total: 0, deviation: 0)
        #expect(abs(Double(Deviation.between(none, lifetime(interval))) / lifetime(interval).deviation - 1) < 0.008)
        #expect(Deviation.between(none, .init(count: 5, total: 10, deviation: 0)) == 0)
        #expect(Deviation.between(none, .init(count: 5, total: .nan, deviation: .infinity)) == 0)
    }

    @Test func `A name goes with its first row, and then once a period`() {
        var schedule = NameSchedule(period: 10)
        let first = schedule.isDue(123, cycle: 5)
        let due = (6...105).filter { schedule.isDue(123, cycle: $0) }
        #expect(first && due.count == 10)
        #expect(zip(due, due.dropFirst()).allSatisfy { $1 - $0 == 10 })
        schedule.forget(123)
        let again = schedule.isDue(123, cycle: 106)
        #expect(again)
    }

    @Test func `Repetitions come together, at the first row of each period`() {
        var schedule = NameSchedule(period: 360)
        let ids = (0..<3_600).map { Int64(bitPattern: UInt64($0) &* 0x9E37_79B9_7F4A_7C15) }
        let due = (0..<720).map { cycle in ids.filter { schedule.isDue($0, cycle: cycle) }.count }
        #expect(due[0] == ids.count && due[360] == ids.count && due.reduce(0, +) == 2 * ids.count)
        // One that was idle when the period began.
        let late = schedule.isDue(-7, cycle: 730)
        #expect(late && !schedule.isDue(-7, cycle: 731))
    }
}
