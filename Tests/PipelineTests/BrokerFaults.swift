import HTTP
import Runtime

@testable import Operator

/// The development broker's control API: faults on demand.
struct BrokerFaults: Sendable {
    private let url: String
    private let client = HTTPClient(logger: Logger(service: "test", level: .error))

    init(_ stack: Stack) {
        url = readText(stack.folder.path("broker.control"))
    }

    /// Takes the only broker off the network, or brings it back.
    func broker(up: Bool) async throws { try await change("/brokers/1/\(up ? "up" : "down")", "{}") }

    /// Each answer comes so late.
    func latency(_ milliseconds: Int) async throws {
        try await change("/brokers/1/latency", #"{"milliseconds": \#(milliseconds)}"#)
    }

    /// The next requests of that kind fail so, one each.
    func errors(_ request: String, _ names: [String]) async throws {
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        try await change("/errors", #"{"request": "\#(request)", "errors": [\#(list)]}"#)
    }

    /// The next produce request is carried out, and nobody is told in time.
    func loseAcknowledgement(_ milliseconds: Int) async throws {
        try await change("/brokers/1/lost-ack", #"{"request": "Produce", "milliseconds": \#(milliseconds)}"#)
    }

    private func change(_ path: String, _ body: String) async throws {
        let response = try await client.send(
            HTTPClientRequest(
                method: "POST", url: url + path, headers: ["content-type": "application/json"], body: Array(body.utf8)))
        guard response.status == 200 else {
            throw StackError("POST \(path) answered \(response.status): \(response.text)")
        }
    }
}

extension World {
    /// A counter or gauge of a service, as its `/metrics` says; 0 when it says nothing.
    func metric(_ name: String, of service: String) async -> Double {
        let text = await HealthProbe.metrics(port: stack.healthPorts[service] ?? 0) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name){") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) } ?? 0
    }

    /// What a service has logged so far.
    func log(of service: String) -> [Substring] {
        readText(stack.folder.log(service), last: 4 << 20).split(separator: "\n")
    }

    /// Rows of a statement's reading that are there more than once.
    func doubledRows() async throws -> Int64 {
        try await stored(
            """
            SELECT count(*) FROM (SELECT FROM api.statements
            GROUP BY instance, time, database, username, queryid, toplevel HAVING count(*) > 1) d
            """)
    }
}
