import Foundation
import HTTP
import Kafka

/// The control API of the development broker: a request in, an answer out.
struct BrokerControl: Sendable {
    let cluster: MockCluster
    let topics: [(name: String, partitions: Int)]

    /// What a change may say in its body.
    private struct Body: Decodable {
        var milliseconds: Int?
        var request: String?
        var errors: [String]?
        var error: String?
        var broker: Int32?
    }

    private struct Refusal: Error {
        let status: Int
        let detail: String
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        do {
            if request.method == "GET", request.path == "/" { return try describe() }
            guard request.method == "POST" else {
                throw Refusal(
                    status: 405,
                    detail: "\(request.method) \(request.path): there is GET / and POST; see pganalytics broker --help")
            }
            // A page in a browser on this machine can post a form here, but not this type.
            guard request.headers["content-type"]?.lowercased().hasPrefix("application/json") == true else {
                throw Refusal(status: 415, detail: "send the header content-type: application/json")
            }
            try change(request.segments, try body(request.body))
            return Self.json(200, ["done": true])
        } catch let refusal as Refusal {
            return Self.json(refusal.status, ["error": refusal.detail])
        } catch {
            return Self.json(422, ["error": "\(error)"])
        }
    }

    private func describe() throws -> HTTPResponse {
        Self.json(
            200,
            [
                "bootstrap_servers": cluster.bootstrapServers,
                "brokers": (1...cluster.brokers).map { $0 },
                "topics": topics.map { ["name": $0.name, "partitions": $0.partitions] as [String: Any] },
                "requests": MockRequest.allCases.map(\.rawValue),
            ])
    }

    private func body(_ bytes: [UInt8]) throws -> Body {
        guard !bytes.isEmpty else { return Body() }
        do {
            return try JSONDecoder().decode(Body.self, from: Data(bytes))
        } catch {
            throw Refusal(status: 400, detail: "the body is not the JSON object that is wanted: \(error)")
        }
    }

    private func change(_ path: [String], _ body: Body) throws {
        switch (path.first, path.count) {
        case ("brokers", 3): try changeBroker(try number(path[1], "broker"), path[2], body)
        case ("errors", 1):
            let request = try self.request(body.request)
            guard let errors = body.errors else { throw missing("errors", "[\"_TRANSPORT\"]") }
            if errors.isEmpty {
                try cluster.clearErrors(request)
            } else {
                try cluster.pushErrors(request, errors.map { KafkaError.Code(rawValue: $0) })
            }
        case ("topics", 3) where path[2] == "error":
            try cluster.setTopicError(path[1], body.error.map { KafkaError.Code(rawValue: $0) })
        case ("topics", 4) where path[3] == "leader":
            guard let broker = body.broker else { throw missing("broker", "2") }
            let partition = TopicPartition(topic: path[1], partition: try number(path[2], "partition"))
            try cluster.setLeader(partition, broker)
        default: throw unknown(path)
        }
    }

    private func changeBroker(_ id: Int32, _ word: String, _ body: Body) throws {
        switch word {
        case "down": try cluster.setBroker(id, up: false)
        case "up": try cluster.setBroker(id, up: true)
        case "latency": try cluster.setLatency(id, .milliseconds(try milliseconds(body)))
        case "lost-ack":
            let request = try body.request == nil ? MockRequest.produce : self.request(body.request)
            try cluster.loseAcknowledgement(id, of: request, delay: .milliseconds(try milliseconds(body)))
        default: throw unknown(["brokers", "\(id)", word])
        }
    }

    private func milliseconds(_ body: Body) throws -> Int {
        guard let value = body.milliseconds, (0...3_600_000).contains(value) else {
            throw missing("milliseconds", "200, from 0 to 3600000")
        }
        return value
    }

    private func request(_ name: String?) throws -> MockRequest {
        guard let name, let request = MockRequest(rawValue: name) else {
            throw missing("request", "one of \(MockRequest.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return request
    }

    private func number(_ text: String, _ what: String) throws -> Int32 {
        guard let number = Int32(text), number >= 0 else {
            throw Refusal(status: 404, detail: "\"\(text)\" is no number of a \(what)")
        }
        return number
    }

    private func missing(_ field: String, _ example: String) -> Refusal {
        Refusal(status: 400, detail: "\"\(field)\" is missing or wrong in the body; give \(example)")
    }

    private func unknown(_ path: [String]) -> Refusal {
        Refusal(status: 404, detail: "nothing at /\(path.joined(separator: "/")); see pganalytics broker --help")
    }

    private static func json(_ status: Int, _ object: [String: Any]) -> HTTPResponse {
        let bytes = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])) ?? Data("{}".utf8)
        return HTTPResponse(status: status, headers: ["content-type": "application/json"], body: Array(bytes) + [10])
    }
}
