import Testing

@testable import Operator

struct UpArgumentsTests {
    @Test func `Options take their value after a space or an equals sign`() throws {
        let arguments = try UpArguments(["--demo", "--duration", "90", "--api-port=0", "--directory=/srv/x"])
        #expect(arguments.demo && arguments.duration == 90)
        #expect(arguments.apiPort == 0 && arguments.directory == "/srv/x")
    }

    @Test(arguments: [
        (["--duration", "5"], "--duration is 5, and must be a number from 40 to 86400"),
        (["--duration"], "--duration wants a value"),
        (["--api-port", "http"], "--api-port is http"),
        (["--demos"], "unknown option --demos"),
    ])
    func `A bad option is named with what it may be`(_ arguments: [String], _ message: String) {
        let error = #expect(throws: StackError.self) { try UpArguments(arguments) }
        #expect(error?.description.contains(message) == true)
    }
}
