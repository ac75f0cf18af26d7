import Codec
import Glibc
import Kafka
import Postgres
import Runtime
import Support
import Testing

@testable import Collector

/// The collector's binary between a real PostgreSQL and librdkafka's mock cluster.
@Suite(.serialized) struct PublishTests {
    static let topics = ["samples", "statements", "collectors"].map { (name: "pganalytics." + $0, partitions: 4) }

    /// A server, a cluster and a folder, for as long as the body runs.
    private func with(_ body: (PrivatePostgres, MockCluster, String) async throws -> Void) async throws {
        let server = try await PrivatePostgres.start(
            configuration: ["fsync": "off", "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"])
        let cluster = try MockCluster(brokers: 1, topics: Self.topics)
        let folder = CollectorProcess.folder()
        var failure: (any Error)?
        do {
            var connection = try await PostgresConnection.open(server.settings())
            try await connection.execute(
                """
                CREATE EXTENSION pg_stat_statements;
                CREATE ROLE monitor LOGIN CONNECTION LIMIT 2 PASSWORD 'canary-monitor';
                GRANT pg_monitor TO monitor;
                CREATE TABLE t (a int PRIMARY KEY, b text);
                """)
            connection.close()
            try await body(server, cluster, folder)
        } catch {
            failure = error
        }
        CollectorProcess.remove(folder)
        cluster.close()
        await server.stop()
        if let failure { throw failure }
    }

    private func settings(_ server: PrivatePostgres, _ cluster: MockCluster, _ folder: String, more: String = "")
        -> String
    {
        """
        [collector]
        id = "c1"
        state_directory = "\(folder)/state"
        interval = "200ms"
        heartbeat = "500ms"
        \(more)
        [health]
        port = 0
        [kafka]
        bootstrap_servers = "\(cluster.bootstrapServers)"
        [[server]]
        id = "one"
        host = "127.0.0.1"
        port = \(server.port)
        user = "monitor"
        password = "canary-monitor"
        local = true
        """
    }

    /// What arrived, in order, once each by its number.
    private struct Arrived {
        var tables: [Table] = []
        var holes = 0
        var duplicates = 0
    }

    private func arrived(_ reader: TopicReader) throws -> Arrived {
        var arrived = Arrived()
        var last: [String: UInt64] = [:]
        for record in reader.records where record.topic == "pganalytics.samples" {
            let envelope = try Envelope(headers: record.headers, supported: 1)
            let position = try #require(envelope.position)
            let stream = envelope.source + "/" + position.epoch
            guard position.sequence > last[stream] ?? 0 else {
                arrived.duplicates += 1
                continue
            }
            arrived.holes += Int(position.sequence - (last[stream] ?? 0) - 1)
            last[stream] = position.sequence
            #expect(envelope.source == "c1/samples/one" && envelope.type == Table.name)
            #expect(record.key == Array("one".utf8))
            arrived.tables.append(try Table.decode(try #require(record.value)))
        }
        return arrived
    }

    private func load(_ server: PrivatePostgres, _ from: Int) async throws {
        var connection = try await PostgresConnection.open(server.settings())
        for number in from..<(from + 40) {
            _ = try await connection.query("INSERT INTO t VALUES ($1, 'canary-text')", [.int(Int64(number))])
            _ = try await connection.query("SELECT b FROM t WHERE a = $1", [.int(Int64(number))])
        }
    }

    private func calls(_ server: PrivatePostgres) async throws -> [Int64: Int64] {
        var connection = try await PostgresConnection.open(server.settings())
        let result = try await connection.query(
            "SELECT queryid, calls FROM pg_stat_statements WHERE query LIKE 'INSERT INTO t VALUES%' OR query LIKE 'SELECT b FROM t WHERE%'"
        )
        var calls: [Int64: Int64] = [:]
        for row in 0..<result.rowCount { calls[try result.int(row, 0) ?? 0] = try result.int(row, 1) }
        return calls
    }

    /// How many cycles the server has seen begin, whether Kafka is there or not.
    private func begunCycles(_ server: PrivatePostgres) async throws -> Int64 {
        var connection = try await PostgresConnection.open(server.settings())
        let result = try await connection.query(
            "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE 'SELECT clock_timestamp(), pg_postmaster_start_time()%'"
        )
        return try result.int(0, 0) ?? 0
    }

    private func sums(_ arrived: Arrived, of queryids: [Int64: Int64]) -> [Int64: Int64] {
        var sums = queryids.mapValues { _ in Int64(0) }
        for table in arrived.tables where table.family == "statements" {
            for row in 0..<table.rowCount {
                if let queryid = table.integer("queryid", row), sums[queryid] != nil {
                    sums[queryid]! += table.integer("calls", row) ?? 0
                }
            }
        }
        return sums
    }

    private func wait(
        _ what: String, atMost limit: Duration = .seconds(30), _ log: () -> String,
        until condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("never: \(what); log: \(log().suffix(2_000))")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test func `Killed again and again, every call arrives once`() async throws {
        try await with { server, cluster, folder in
            let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: Self.topics.map(\.name))
            var process = try CollectorProcess(directory: folder, settings: settings(server, cluster, folder))
            try await wait("a first table", { process.logText }) {
                try arrived(reader).tables.filter { $0.family == "statements" }.count >= 2
            }
            for life in 0..<8 {
                try await load(server, life * 40)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...500)))
                process.child.kill(SIGKILL)
                _ = await process.child.wait()
                try await load(server, 10_000 + life * 40)
                process = try CollectorProcess(directory: folder, settings: settings(server, cluster, folder))
            }
            let direct = try await calls(server)
            #expect(direct.values.sorted() == [640, 640])
            try await wait(
                "everything that was called",
                { process.logText + "\n\((try? sums(arrived(reader), of: direct)) ?? [:]) \(direct)" }
            ) {
                try sums(arrived(reader), of: direct) == direct
            }
            #expect(try arrived(reader).holes == 0)
            // Nothing of a secret anywhere; heartbeats and texts came.
            for record in reader.records {
                #expect(!String(decoding: record.value ?? [], as: UTF8.self).contains("canary"))
            }
            func heartbeats() throws -> [CollectorStatus] {
                try reader.records.filter { $0.topic == "pganalytics.collectors" }.map {
                    try CollectorStatus.decode($0.value ?? [])
                }
            }
            try await wait("a heartbeat that knows of the server", { process.logText }) {
                try heartbeats().last?.instances.first?.lastSuccess ?? 0 > 0
            }
            let heartbeat = try #require(try heartbeats().last)
            #expect(
                heartbeat.collector == "c1" && heartbeat.instances.map(\.id) == ["one"] && heartbeat.rssBytes > 1 << 20)
            let texts = try reader.records.filter { $0.topic == "pganalytics.statements" }.map {
                try Statement.decode($0.value ?? [])
            }
            #expect(texts.count > 3 && texts.allSatisfy { $0.name == String(decoding: $0.name.utf8, as: UTF8.self) })
            #expect(
                try arrived(reader).tables.contains { $0.family == "system" && $0.integer("memory_total", 0) ?? 0 > 0 })
            // Asked to end, it ends in order and soon.
            let start = ContinuousClock.now
            process.child.kill(SIGTERM)
            #expect(await process.child.wait() == .exited(0), "\(process.logText.suffix(1_000))")
            #expect(ContinuousClock.now - start < .seconds(15))
            #expect(!process.logText.contains("canary"))
            await reader.stop()
        }
    }

    @Test func `While Kafka is away the spool takes everything, and gives it back in order`() async throws {
        try await with { server, cluster, folder in
            let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: ["pganalytics.samples"])
            let process = try CollectorProcess(directory: folder, settings: settings(server, cluster, folder))
            try await wait("a first table", { process.logText }) { try arrived(reader).tables.count >= 5 }
            try cluster.setBroker(1, up: false)
            try await load(server, 0)
            let cycles = try arrived(reader).tables.count { $0.family == "cycle" }
            let begun = try await begunCycles(server)
            try await wait("more cycles", atMost: .seconds(60), { process.logText }) {
                try await begunCycles(server) > begun + 10
            }
            try await load(server, 100)
            try cluster.setBroker(1, up: true)
            let direct = try await calls(server)
            try await wait("everything that was called", atMost: .seconds(60), { process.logText }) {
                try sums(arrived(reader), of: direct) == direct
            }
            let all = try arrived(reader)
            #expect(all.holes == 0)
            #expect(all.tables.count { $0.family == "cycle" } >= cycles + 10)
            process.child.kill(SIGTERM)
            #expect(await process.child.wait() == .exited(0))
            await reader.stop()
        }
    }

    @Test func `Two collectors cannot share a state directory`() async throws {
        try await with { server, cluster, folder in
            let one = try CollectorProcess(directory: folder, settings: settings(server, cluster, folder))
            try await wait("the first one's log", { one.logText }) { one.logText.contains("Collecting") }
            let second = folder + "/second"
            mkdir(second, 0o700)
            let two = try CollectorProcess(directory: second, settings: settings(server, cluster, folder))
            #expect(await two.child.wait() == .exited(1))
            #expect(two.logText.contains("is in use by another collector"))
            one.child.kill(SIGTERM)
            _ = await one.child.wait()
        }
    }

    @Test func `A topic that is missing is one clear line, and what was collected is kept`() async throws {
        try await with { server, _, folder in
            let empty = try MockCluster(brokers: 1, topics: [])
            try empty.setTopicError("pganalytics.samples", .unknownTopic)
            try empty.setTopicError("pganalytics.collectors", .unknownTopic)
            let process = try CollectorProcess(directory: folder, settings: settings(server, empty, folder))
            try await wait("a line about the topic", { process.logText }) {
                process.logText.contains("pganalytics topics apply")
            }
            try empty.setTopicError("pganalytics.samples", nil)
            try empty.setTopicError("pganalytics.collectors", nil)
            let reader = TopicReader(bootstrapServers: empty.bootstrapServers, topics: ["pganalytics.samples"])
            try await wait("what was kept", atMost: .seconds(60), { process.logText }) {
                let all = try arrived(reader)
                return all.tables.contains { $0.quality?.contains(.first) == true } && all.holes == 0
            }
            process.child.kill(SIGTERM)
            _ = await process.child.wait()
            await reader.stop()
            empty.close()
        }
    }
}
