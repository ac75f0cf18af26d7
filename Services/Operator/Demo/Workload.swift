import Postgres
import Runtime
import Synchronization

/// The load of the demo on a monitored server: pgbench with a known count, a statement that becomes slow when its index
/// is dropped, and a chain of sessions that block each other.
final class Workload: Sendable {
    /// The planted statement, as `pg_stat_statements` normalises it.
    static let plantedPattern = "FROM demo_orders WHERE customer"
    private static let planted = "SELECT count(*), sum(amount) FROM demo_orders WHERE customer = $1"
    private static let tick: Duration = .milliseconds(50)

    private let settings: PostgresSettings
    private let logger: Logger
    private let plantedRuns = Mutex(0)

    /// - Parameter settings: how the workload's own user reaches the server.
    init(_ settings: PostgresSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// How often the planted statement was run to its end.
    var plantedCount: Int { plantedRuns.withLock { $0 } }

    /// Makes the tables of the planted faults.
    func prepare() async throws {
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(10), logger: logger)
        try await connection.execute(
            """
            CREATE TABLE demo_orders (id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric NOT NULL);
            INSERT INTO demo_orders SELECT i, i % 10000, (i % 997) / 10.0 FROM generate_series(1, 300000) i;
            CREATE INDEX demo_orders_customer ON demo_orders (customer);
            CREATE TABLE demo_stock (item integer PRIMARY KEY, left_over integer NOT NULL);
            INSERT INTO demo_stock SELECT i, 100 FROM generate_series(1, 10) i;
            """, timeout: .seconds(60))
        try await connection.execute("VACUUM ANALYZE demo_orders", timeout: .seconds(60))
        connection.close()
    }

    /// Runs the planted statement twenty times a second until `seconds` are over; it is slow while its index is away.
    func runPlanted(_ timeline: Timeline, from start: ContinuousClock.Instant) async throws {
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(10), logger: logger)
        var indexed = true
        var customer: Int64 = 0
        while true {
            let elapsed = (ContinuousClock.now - start).components.seconds
            if elapsed >= timeline.end { break }
            let wanted = elapsed < timeline.slowFrom || elapsed >= timeline.slowUntil
            if wanted != indexed {
                try await connection.execute(
                    wanted
                        ? "CREATE INDEX demo_orders_customer ON demo_orders (customer)"
                        : "DROP INDEX demo_orders_customer",
                    timeout: .seconds(30))
                indexed = wanted
            }
            customer = (customer + 7919) % 10000
            _ = try await connection.query(Self.planted, [.int(customer)], timeout: .seconds(30))
            plantedRuns.withLock { $0 += 1 }
            try await Task.sleep(for: Self.tick)
        }
        connection.close()
    }

    /// Lets one session hold a row that a second waits for, which holds a row that a third waits for.
    func runBlockingChain(_ timeline: Timeline, from start: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: start + .seconds(timeline.blockFrom))
        let patience: Duration = .seconds(60)
        var first = try await PostgresConnection.open(settings, timeout: .seconds(10), logger: logger)
        try await first.execute(
            "BEGIN; UPDATE demo_stock SET left_over = left_over - 1 WHERE item = 1", timeout: patience)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (held, wanted, delay) in [(2, 1, 300), (3, 2, 600)] {
                group.addTask { [settings, logger] in
                    var waiter = try await PostgresConnection.open(settings, timeout: .seconds(10), logger: logger)
                    try await Task.sleep(for: .milliseconds(delay))
                    try await waiter.execute(
                        """
                        BEGIN; UPDATE demo_stock SET left_over = left_over - 1 WHERE item = \(held);
                        UPDATE demo_stock SET left_over = left_over - 1 WHERE item = \(wanted); COMMIT
                        """, timeout: patience)
                    waiter.close()
                }
            }
            try await Task.sleep(until: start + .seconds(timeline.blockUntil))
            try await first.execute("COMMIT", timeout: patience)
            try await group.waitForAll()
        }
        first.close()
    }
}
