import Postgres
import Runtime
import Support
import Synchronization
import Testing

extension WithPostgres {
    @Suite struct Pool {
        private final class Busy: Sendable {
            private let state = Mutex((now: 0, most: 0))
            var most: Int { state.withLock { $0.most } }
            func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
            func leave() { state.withLock { $0.now -= 1 } }
        }

        private func pool(_ limit: Int, patience: Duration = .seconds(10)) throws -> PostgresPool {
            guard let server = TestServer.current else { throw PostgresError(.settings, "no server") }
            return PostgresPool(
                server.settings(), limit: limit, patience: patience, logger: Logger(service: "test", level: .error))
        }

        @Test func `Many tasks share few connections`() async throws {
            let pool = try pool(3)
            let busy = Busy()
            let backends = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            busy.enter()
                            _ = try await connection.query("SELECT pg_sleep(0.005)")
                            busy.leave()
                            return connection.backendPID
                        }
                    }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect(backends.count <= 3 && busy.most <= 3)
            await pool.close()
            await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
        }

        @Test func `A connection left in a transaction, or broken, is not lent again`() async throws {
            let pool = try pool(1)
            let first = try await pool.withConnection { connection in
                try await connection.execute("BEGIN")
                return connection.backendPID
            }
            let second = try await pool.withConnection { connection in
                #expect(connection.isInTransaction == false)
                return connection.backendPID
            }
            #expect(first != second)
            try await pool.withConnection { connection in connection.drop() }
            let third = try await pool.withConnection { $0.backendPID }
            #expect(third != second)
            await pool.close()
        }

        @Test func `Whoever waits too long, or is cancelled, is told`() async throws {
            let pool = try pool(1, patience: .milliseconds(200))
            try await pool.withConnection { _ in
                let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
                #expect(error?.code == .timeout)
                let task = Task { try await pool.withConnection { _ in } }
                task.cancel()
                await #expect(throws: PostgresError.self) { try await task.value }
            }
            try await pool.withConnection { _ in }
            await pool.close()
        }
    }
}
