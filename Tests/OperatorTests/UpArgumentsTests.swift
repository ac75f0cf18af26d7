import Testing

@testable import Operator

struct UpArgumentsTests {
    @Test func `Options take their value after a space or an equals sign`() throws {
        let arguments = try UpArguments(["--demo", "--duration", "90", "--api-port=0", "--directory=/srv/x"])
        #expect(arguments.demo && arguments.duration == 90)
        #expect(arguments.apiPort == 0 && arguments.directory == "/srv/x")
    }

    @Test func `The API listens where it was told to, with the demo as without`() throws {
        func demo(_ arguments: [String]) throws -> StackOptions {
            let shop = StackOptions.Server(id: "shop", host: "127.0.0.1", port: 5432, user: "u")
            return Demo.options(
                try UpArguments(["--demo"] + arguments), watching: shop, grace: 10, webhookURL: "http://127.0.0.1:1/")
        }
        #expect(try UpArguments([]).stack.apiPort == 8080)
        #expect(try UpArguments(["--api-port", "8099"]).stack.apiPort == 8099)
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
    func `A bad option is named with what it may be`(_ arguments: [String], _ message: String) {
        let error = #expect(throws: StackError.self) { try UpArguments(arguments) }
        #expect(error?.description.contains(message) == true)
    }
}
