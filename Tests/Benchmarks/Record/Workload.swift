import Foundation
import Runtime

/// A workload of some hundreds of distinct statements with Zipf's distribution, made of a seed, run by pgbench.
struct Workload {
    private var seed: UInt64 = 7
    private let tables = 32

    private mutating func random(_ range: Range<Int>) -> Int {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + Int((seed >> 33) % UInt64(range.count))
    }

    private mutating func choice<T>(_ values: [T]) -> T { values[random(0..<values.count)] }

    private mutating func columns() -> [String] {
        let all = ["id", "customer", "amount", "status", "created", "region", "price", "stock"]
        var chosen: [String] = []
        for _ in 0..<random(1..<6) {
            let column = choice(all)
            if !chosen.contains(column) { chosen.append(column) }
        }
        return chosen
    }

    /// Tables of 100 to 100,000 rows.
    mutating func schema() -> String {
        (0..<tables).map { table in
            let rows = choice([100, 1_000, 10_000, 100_000])
            return """
                DROP TABLE IF EXISTS t\(table);
                CREATE TABLE t\(table)(id int PRIMARY KEY, customer int, amount numeric, status int,
                  created timestamptz DEFAULT now(), region int, price float8, stock int, note text);
                INSERT INTO t\(table) SELECT i, i % 997, i * 1.5, i % 5, now() - i * interval '1 min', i % 11,
                  random() * 100, i % 1000, repeat('x', 60) FROM generate_series(1, \(rows)) i;
                CREATE INDEX ON t\(table)(customer);
                ANALYZE t\(table);

                """
        }.joined()
    }

    private mutating func statement(_ kind: Int) -> String {
        let (t, u) = ("t\(random(0..<tables))", "t\(random(0..<tables))")
        let c = columns()
        let list = c.joined(separator: ", ")
        switch kind % 10 {
        case 0: return "SELECT \(list) FROM \(t) WHERE id = :x;"
        case 1:
            let column = choice(["stock", "status", "region"])
            return "UPDATE \(t) SET \(column) = \(column) % 100 + 1 WHERE id = :y;"
        case 2:
            return "SELECT count(*), sum(stock) FROM \(t) WHERE customer = :c AND \(choice(["status", "region"])) > :s;"
        case 3:
            let joined = c.map { "a." + $0 }.joined(separator: ", ")
            return "SELECT \(joined) FROM \(t) a JOIN \(u) b ON a.id = b.id WHERE a.customer = :c;"
        case 4:
            return "SELECT region, \(choice(["avg", "max", "min"]))(\(choice(["amount", "price"]))) FROM \(t) "
                + "WHERE customer < :s GROUP BY region ORDER BY \(choice(["1", "2"]));"
        case 5: return "SELECT \(list) FROM \(t) WHERE customer = :c ORDER BY \(c[0]) LIMIT 10;"
        case 6:
            return "INSERT INTO \(t)(id, customer) VALUES (:x + 100000000, :c) "
                + "ON CONFLICT (id) DO UPDATE SET \(choice(["status", "region"])) = :s;"
        case 7: return "SELECT \(list) FROM \(t) WHERE id BETWEEN :y AND :y + 20;"
        case 8:
            return "SELECT EXISTS (SELECT 1 FROM \(t) x WHERE x.customer = :c AND NOT EXISTS "
                + "(SELECT 1 FROM \(u) y WHERE y.id = x.id AND y.\(choice(["status", "region"])) = :s));"
        default:
            return "DELETE FROM \(t) WHERE id = :x + \(random(1..<4))00000000 AND \(choice(["status", "stock"])) = :s;"
        }
    }

    /// Writes a hundred scripts of five statements and gives pgbench's arguments for them, the first the likeliest.
    mutating func scripts(in directory: URL) throws -> [String] {
        var arguments: [String] = []
        for number in 0..<100 {
            var lines = [
                "\\set x random(1, 100000)", "\\set y random(1, 100)", "\\set c random(0, 996)", "\\set s random(0, 5)",
            ]
            var body = (0..<5).map { statement(number * 5 + $0) }
            if number % 3 == 0 { body = ["BEGIN;"] + body + ["END;"] }
            lines += body
            let file = directory.appendingPathComponent("s\(number).sql")
            try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            arguments += ["-f", "\(file.path)@\(200 / (number + 1) + 1)"]
        }
        return arguments
    }
}
