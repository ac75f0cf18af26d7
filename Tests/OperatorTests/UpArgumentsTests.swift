import Testing

@testable import Operator

struct UpArgumentsTests {
    private func arguments(_ given: [String], _ environment: [String: String] = [:]) throws -> UpArguments {
        try UpArguments(given, environment: environment)
    }

    @Test func `Options take their value after a space or an equals sign`() throws {
        let arguments = try arguments(["--demo", "--duration", "90", "--api-port=0", "--directory=/srv/x"])
        #expect(arguments.demo && arguments.duration == 90)
        #expect(arguments.apiPort == 0 && arguments.directory == "/srv/x")
    }

    @Test func `The API listens where it was told to, with the demo as without`() throws {
        func demo(_ given: [String]) throws -> StackOptions {
            let shop = StackOptions.Server(id: "shop", host: "127.0.0.1", port: 5432, user: "u")
            return Demo.options(
                try arguments(["--demo"] + given), watching: shop, grace: 10, webhookURL: "http://127.0.0.1:1/")
        }
        #expect(try arguments([]).stack.apiPort == 8080)
        #expect(try arguments(["--api-port", "8099"]).stack.apiPort == 8099)
        #expect(try demo([]).apiPort == 0)
        #expect(try demo(["--api-port", "8099"]).apiPort == 8099)
        #expect(try demo(["--api-port", "0"]).apiPort == 0)
        #expect(try demo([]).servers.map(\.id) == ["shop"])
    }

    @Test(arguments: [
        (["--duration", "5"], "--duration is 5, and must be a number from 40 to 86400"),
        (["--duration"], "--duration wants a value"),
        (["--api-port", "http"], "--api-port is http"),
        (["--demos"], "unknown option --demos"),
        (["--demo", "--servers", "x.toml"], "--servers does not go with --demo"),
        (["--webhook=http://x", "--demo"], "--webhook does not go with --demo"),
    ])
    func `A bad option is named with what it may be`(_ given: [String], _ message: String) {
        let error = #expect(throws: StackError.self) { try arguments(given) }
        #expect(error?.description.contains(message) == true)
    }

    @Test func `A database of the user's own has no private storage server to watch`() throws {
        let outside = ["DATABASE_URL": "postgresql://own@db/storage", "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"]
        let error = #expect(throws: StackError.self) { try arguments([], outside) }
        #expect(error?.description.contains("--servers FILE, or unset DATABASE_URL") == true)
        #expect(try arguments(["--help"], outside).help)
        #expect(try arguments(["--demo"], outside).stack.databaseURL == "postgresql://own@db/storage")
        let stack = try arguments(["--servers", "fleet.toml"], outside).stack
        #expect(stack.databaseURL == "postgresql://own@db/storage" && stack.bootstrapServers == "kafka:9092")
        // An empty variable is none.
        #expect(try arguments([], ["DATABASE_URL": "", "KAFKA_BOOTSTRAP_SERVERS": ""]).databaseURL == nil)
    }
}
