import Postgres

/// The daily partitions of the family tables: made for the times that arrive, dropped when the retention has passed.
struct Partitions: Sendable {
    struct Key: Hashable, Sendable {
        let table: String
        let day: Day
    }

    private var known: Set<Key> = []

    /// Forgets what is known: something was not there any more.
    mutating func forget() { known = [] }

    /// Those that are not known to be there.
    func missing(of wanted: Set<Key>) -> Set<Key> { wanted.subtracting(known) }

    /// Makes those that are not there, each in a transaction of its own. A partition is made beside its table and then
    /// attached, for `CREATE TABLE … PARTITION OF` would lock out every reader of the whole table.
    mutating func ensure(_ wanted: Set<Key>, _ connection: inout PostgresConnection) async throws(PostgresError) {
        for key in wanted.sorted(by: { ($0.table, $0.day) < ($1.table, $1.day) }) {
            let name = Self.name(key)
            let (table, child) = (Self.quoted(key.table), Self.quoted(name))
            // The lock keeps two writers from making the same one; it ends with the transaction.
            try await connection.execute(
                """
                BEGIN;
                SET LOCAL lock_timeout = '10s';
                SELECT pg_advisory_xact_lock(hashtextextended('pganalytics partitions', 0));
                DO $$ BEGIN
                    IF to_regclass('metrics.\(child)') IS NULL THEN
                        CREATE TABLE metrics.\(child) (LIKE metrics.\(table) INCLUDING DEFAULTS);
                        ALTER TABLE metrics.\(child) OWNER TO pganalytics_writer;
                        ALTER TABLE metrics.\(table) ATTACH PARTITION metrics.\(child)
                            FOR VALUES FROM ('\(Self.text(key.day))') TO ('\(Self.text(Day(number: key.day.number + 1)))');
                    END IF;
                END $$;
                COMMIT;
                """)
            known.insert(key)
        }
    }

    /// Drops those that end before `day`. Where somebody locks a table, or reads the whole of it, its partitions are left
    /// to the next round, and the other tables' go.
    ///
    /// - Returns: the names of the dropped, and of the tables that were locked.
    mutating func drop(
        before day: Day, _ connection: inout PostgresConnection
    ) async throws(PostgresError) -> (dropped: [String], locked: [String]) {
        let rows = try await connection.query(
            """
            SELECT p.relname, c.relname FROM pg_inherits i
            JOIN pg_class c ON c.oid = i.inhrelid
            JOIN pg_class p ON p.oid = i.inhparent
            JOIN pg_namespace n ON n.oid = p.relnamespace
            WHERE n.nspname = 'metrics' AND p.relkind = 'p' ORDER BY 1, 2
            """)
        var dropped: [String] = []
        var locked: [String] = []
        for row in 0..<rows.rowCount {
            guard let table = try rows.text(row, 0), let name = try rows.text(row, 1), table != locked.last,
                let found = Self.day(of: name), found < day
            else { continue }
            do throws(PostgresError) {
                // While we wait for our lock, whoever wants to read the table waits behind us: not for long.
                try await connection.execute(
                    "BEGIN; SET LOCAL lock_timeout = '2s'; DROP TABLE IF EXISTS metrics.\(Self.quoted(name)); COMMIT")
                dropped.append(name)
            } catch {
                guard error.sqlState == "55P03" else { throw error }
                try await connection.execute("ROLLBACK")
                locked.append(table)
            }
        }
        known = known.filter { $0.day >= day }
        return (dropped, locked)
    }

    /// `statements_20261121`.
    static func name(_ key: Key) -> String {
        "\(key.table)_" + text(key.day).split(separator: " ")[0].split(separator: "-").joined()
    }

    /// The day in a partition's name; nil when it is none of ours.
    static func day(of name: String) -> Day? {
        guard let bar = name.lastIndex(of: "_") else { return nil }
        let digits = Array(name[name.index(after: bar)...].utf8)
        guard digits.count == 8, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        let number = { (range: Range<Int>) in digits[range].reduce(0) { $0 * 10 + Int($1 - 48) } }
        return Day(year: number(0..<4), month: number(4..<6), day: number(6..<8))
    }

    private static func text(_ day: Day) -> String {
        let (year, month, number) = day.date
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(number)) 00:00:00+00"
    }

    private static func quoted(_ name: String) -> String { PostgresConnection.quoted(identifier: name) }
}
