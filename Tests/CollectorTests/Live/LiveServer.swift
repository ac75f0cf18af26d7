import Glibc
import Postgres
import Runtime
import Testing

/// A real server of some major, started by the script of the engines beside the checkout.
final class LiveServer: Sendable {
    let major: String
    let directory: String
    let port: Int

    /// The script: beside the checkout, or where PGA_TEST_SHARED says.
    static let script: String? = {
        let places = [ProcessEnvironment.all["PGA_TEST_SHARED"], "../shared"].compactMap {
            $0.map { $0 + "/postgres/server" }
        }
        return places.first { access($0, X_OK) == 0 }
    }()

    /// All majors there are, or those of PGA_TEST_MAJORS.
    static let majors: [String] = {
        guard let script else { return [] }
        if let chosen = ProcessEnvironment.all["PGA_TEST_MAJORS"] {
            return chosen.split(separator: " ").map(String.init)
        }
        guard let lines = popen("\(script) majors", "r") else { return [] }
        defer { pclose(lines) }
        var buffer = [CChar](repeating: 0, count: 256)
        var majors: [String] = []
        while fgets(&buffer, 256, lines) != nil {
            majors.append(String(decoding: buffer.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return majors.filter { !$0.isEmpty }
    }()

    private init(major: String, directory: String, port: Int) {
        self.major = major
        self.directory = directory
        self.port = port
    }

    static func start(_ major: String, _ settings: [String] = []) async throws -> LiveServer {
        let directory = "/tmp/pga-collector-\(getpid())-\(major)-\(Int.random(in: 0..<1_000_000))"
        let output = try await run(["start", major, directory] + settings.flatMap { ["-c", $0] })
        let digits = output.split(separator: ":").last?.prefix { $0.isNumber } ?? ""  // …@127.0.0.1:PORT/postgres
        return LiveServer(major: major, directory: directory, port: try #require(Int(digits)))
    }

    private static let shells = DedicatedThread(name: "engines")

    /// Through a shell and not as a child of our own: what it starts must outlive it.
    @discardableResult private static func run(_ arguments: [String]) async throws -> String {
        let script = try #require(script)
        let (status, output) = try await shells.run { () -> (CInt, String) in
            guard let lines = popen("\(script) \(arguments.joined(separator: " ")) 2>&1", "r") else {
                return (-1, "no shell could be started")
            }
            var buffer = [CChar](repeating: 0, count: 4_096)
            var output = ""
            while fgets(&buffer, 4_096, lines) != nil {
                output += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            return (pclose(lines), output)
        }
        guard status == 0 else {
            throw PostgresError(.process, "the engines' script \(arguments.first ?? "") failed: \(output)")
        }
        return String(output.split(separator: "\n").last ?? "")
    }

    /// A streaming standby of it; the primary is stopped for a moment.
    func standby() async throws -> LiveServer {
        let place = directory + "-standby"
        let output = try await Self.run(["standby", directory, place])
        let digits = output.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        return LiveServer(major: major, directory: place, port: try #require(Int(digits)))
    }

    func restart() async throws { try await Self.run(["restart", directory]) }
    func kill() async throws { try await Self.run(["kill", directory]) }
    func pause() async throws { try await Self.run(["pause", directory]) }
    func resume() async throws { try await Self.run(["resume", directory]) }
    func destroy() async { _ = try? await Self.run(["destroy", directory]) }

    func settings(user: String = "postgres", database: String = "postgres", application: String = "")
        -> PostgresSettings
    {
        PostgresSettings(host: "127.0.0.1", port: port, user: user, database: database, applicationName: application)
    }

    func connect(user: String = "postgres", database: String = "postgres") async throws -> PostgresConnection {
        try await PostgresConnection.open(settings(user: user, database: database))
    }

    /// Runs a script as the superuser.
    func execute(_ script: String, user: String = "postgres", database: String = "postgres") async throws {
        var connection = try await connect(user: user, database: database)
        try await connection.execute(script)
    }

    /// One row of whole numbers.
    func numbers(_ sql: String, database: String = "postgres") async throws -> [Int64] {
        var connection = try await connect(database: database)
        let result = try await connection.query(sql)
        guard result.rowCount > 0 else { return [] }
        var numbers: [Int64] = []
        for column in 0..<result.columnCount { numbers.append(try result.int(0, column) ?? .min) }
        return numbers
    }
}
