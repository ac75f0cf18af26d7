import HTTP
import Kafka
import Runtime
import Testing

@testable import Operator

struct BrokerControlTests {
    private let cluster: MockCluster
    private let control: BrokerControl

    init() throws {
        cluster = try MockCluster(brokers: 2, topics: [("events", 2)])
        control = BrokerControl(cluster: cluster, topics: [("events", 2)])
    }

    private func post(_ path: String, _ body: String = "", type: String? = "application/json") throws -> HTTPResponse {
        var headers: HTTPHeaders = [:]
        if let type { headers.add("content-type", type) }
        return try control.answer(
            HTTPRequest(method: "POST", target: path, headers: headers, body: Array(body.utf8)))
    }

    @Test func `It describes itself`() throws {
        let answer = control.answer(try HTTPRequest(method: "GET", target: "/"))
        #expect(answer.status == 200)
        #expect(answer.text.contains(cluster.bootstrapServers))
        #expect(answer.text.contains("\"partitions\":2"))
    }

    @Test func `Every change of the help is answered`() throws {
        #expect(try post("/brokers/1/down").status == 200)
        #expect(try post("/brokers/1/up").status == 200)
        #expect(try post("/brokers/2/latency", "{\"milliseconds\": 5}").status == 200)
        #expect(try post("/brokers/2/lost-ack", "{\"milliseconds\": 5}").status == 200)
        #expect(try post("/errors", "{\"request\": \"Fetch\", \"errors\": [\"_TRANSPORT\"]}").status == 200)
        #expect(try post("/errors", "{\"request\": \"Fetch\", \"errors\": []}").status == 200)
        #expect(try post("/topics/events/1/leader", "{\"broker\": 2}").status == 200)
        #expect(try post("/topics/events/error", "{\"error\": \"TOPIC_AUTHORIZATION_FAILED\"}").status == 200)
        #expect(try post("/topics/events/error", "{\"error\": null}").status == 200)
    }

    @Test func `What is wrong is refused with a sentence`() throws {
        #expect(try post("/brokers/9/down").status == 422)
        #expect(try post("/brokers/x/down").status == 404)
        #expect(try post("/brokers/1/sideways").status == 404)
        #expect(try post("/nothing").status == 404)
        #expect(try post("/brokers/1/latency").text.contains("milliseconds"))
        #expect(try post("/brokers/1/latency", "{\"milliseconds\": -1}").status == 400)
        #expect(try post("/errors", "{\"request\": \"Nonsense\", \"errors\": []}").text.contains("Produce"))
        #expect(try post("/errors", "{\"request\": \"Fetch\", \"errors\": [\"NONSENSE\"]}").text.contains("NONSENSE"))
        #expect(try post("/errors", "nonsense").status == 400)
        #expect(try post("/brokers/1/down", type: "text/plain").status == 415)
        #expect(try post("/brokers/1/down", type: nil).status == 415)
        #expect(try control.answer(HTTPRequest(method: "DELETE", target: "/")).status == 405)
    }

    @Test func `The command line is read`() throws {
        let arguments = try BrokerArguments(["--brokers", "3", "--address-file=/x", "--control-port", "0"])
        #expect(arguments.brokers == 3)
        #expect(arguments.addressFile == "/x")
        #expect(throws: BrokerError.self) { try BrokerArguments(["--brokers", "0"]) }
        #expect(throws: BrokerError.self) { try BrokerArguments(["--brokers"]) }
        #expect(throws: BrokerError.self) { try BrokerArguments(["--broker", "1"]) }
    }
}
