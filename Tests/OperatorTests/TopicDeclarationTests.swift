import Testing
import YAML

@testable import Operator

struct TopicDeclarationTests {
    private let good = """
        description: Things.
        key: instance
        message: Table
        version: 1
        producers: [collector]
        consumers: [writer, analyzer]
        partitions: 24 # a comment
        replicas: 3
        config:
          cleanup.policy: delete
          retention.ms: 259200000
        """

    private func refusal(_ old: String, _ new: String) -> String {
        do {
            _ = try TopicDeclaration.parse(
                good.replacing(old, with: new), name: "samples", place: "topics/samples.yaml")
            return "accepted"
        } catch { return "\(error)" }
    }

    @Test func `A declaration is read as it is written`() throws {
        let topic = try TopicDeclaration.parse(good, name: "samples", place: "topics/samples.yaml")
        #expect(topic.name == "samples")
        #expect(topic.consumers == ["writer", "analyzer"])
        #expect(topic.partitions == 24)
        #expect(topic.configuration == ["cleanup.policy": "delete", "retention.ms": "259200000"])
    }

    @Test func `A mistake names its place, its value and the remedy`() {
        #expect(
            refusal("partitions: 24", "partitions: many")
                == "topics/samples.yaml:7:13: partitions is \"many\"; give a whole number from 1 to 10000")
        #expect(refusal("partitions: 24", "partitions: 0").contains("from 1 to"))
        #expect(refusal("replicas: 3", "replica: 3").contains("topics/samples.yaml:8:1: \"replica\" is no key"))
        #expect(refusal("replicas: 3\n", "").contains("\"replicas\" is missing"))
        #expect(refusal("[collector]", "collector").contains("give a list of services"))
        #expect(refusal("message: Table", "message: [Table]").contains("message is a list; give a text"))
        #expect(refusal("retention.ms: 259200000", "retention.ms: [1]").contains("config.retention.ms is a list"))
        #expect(refusal("key: instance", "key: [").contains("topics/samples.yaml:"))
    }

    @Test func `A file whose name is no topic's is refused`() {
        #expect(throws: TopicDeclarationError.self) {
            try TopicDeclaration.parse(good, name: "so many words", place: "topics/so many words.yaml")
        }
    }

    @Test func `Topics of one key that are read together are declared with equally many partitions`() throws {
        let one = try TopicDeclaration.parse(good, name: "samples", place: "samples.yaml")
        let other = try TopicDeclaration.parse(
            good.replacing("partitions: 24", with: "partitions: 12"), name: "findings", place: "findings.yaml")
        #expect(throws: TopicDeclarationError.self) { try TopicDeclaration.checkTogether([one, other]) }
        try TopicDeclaration.checkTogether([one, one])
    }

    @Test func `The declarations of the checkout are good`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        #expect(try TopicsFolder.load(root + "/topics").contains { $0.name == "samples" })
        #expect(throws: TopicDeclarationError.self) { try TopicsFolder.load(root + "/Tests") }
    }
}
