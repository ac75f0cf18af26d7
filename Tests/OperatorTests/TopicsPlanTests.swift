import Kafka
import Testing

@testable import Operator

/// Declared and actual in, differences out: no cluster.
struct TopicsPlanTests {
    private func declaration(
        _ name: String, key: String = "alert", partitions: Int = 6, replicas: Int = 3,
        configuration: [String: String] = ["cleanup.policy": "delete"]
    ) -> TopicDeclaration {
        TopicDeclaration(
            name: name, description: "A topic.", key: key, message: "M", version: 1, producers: [], consumers: [],
            partitions: partitions, replicas: replicas, configuration: configuration)
    }

    private func actual(
        _ name: String, partitions: Int = 6, replicas: Int = 3,
        own: [String: String]? = ["cleanup.policy": "delete"],
        defaults: [String: String] = ["retention.ms": "604800000"]
    ) -> TopicsPlan.Actual {
        TopicsPlan.Actual(
            topic: TopicDescription(name: name, partitions: partitions, replicas: replicas),
            configuration: own.map { own in
                own.map { TopicSetting(name: $0.key, value: $0.value, isOwn: true) }
                    + defaults.map { TopicSetting(name: $0.key, value: $0.value, isOwn: false) }
            })
    }

    private func plan(
        _ declared: [TopicDeclaration], _ actual: [TopicsPlan.Actual], brokers: Int = 3, replicas: Int? = nil
    ) -> TopicsPlan {
        TopicsPlan(declared: declared, actual: actual, brokers: brokers, replicas: replicas, prefix: "p.")
    }

    @Test func `A cluster as declared has no difference`() {
        let plan = plan([declaration("a")], [actual("p.a")])
        #expect(plan.differences.isEmpty)
        #expect(plan.notes.isEmpty)
    }

    @Test func `A missing topic is made as declared, under its prefix`() {
        let plan = plan([declaration("a")], [actual("a"), actual("other.a")])
        #expect(
            plan.differences == [
                .missing(
                    NewTopic(name: "p.a", partitions: 6, replicas: 3, configuration: ["cleanup.policy": "delete"]))
            ])
        #expect("\(plan.differences[0])" == "p.a: topic missing; to be made with 6 partitions, 3 replicas")
    }

    @Test func `Fewer brokers than replicas declared make fewer replicas, and it is said`() {
        let plan = plan([declaration("a")], [], brokers: 1)
        guard case .missing(let topic) = plan.differences.first else { return #expect(Bool(false)) }
        #expect(topic.replicas == 1)
        #expect(plan.notes == ["p.a: replicas 1 instead of the 3 declared; brokers there are: 1"])
    }

    @Test func `Replicas given win over both`() {
        let plan = plan([declaration("a")], [], brokers: 1, replicas: 2)
        guard case .missing(let topic) = plan.differences.first else { return #expect(Bool(false)) }
        #expect(topic.replicas == 2)
        #expect(plan.notes.isEmpty)
    }

    @Test func `Fewer partitions are a difference, more are a note`() {
        #expect(
            plan([declaration("a")], [actual("p.a", partitions: 3)]).differences
                == [.fewerPartitions(topic: "p.a", actual: 3, declared: 6)])
        let more = plan([declaration("a")], [actual("p.a", partitions: 9)])
        #expect(more.differences.isEmpty)
        #expect(more.notes.count == 1)
    }

    @Test func `Another value, a missing setting and one set by hand are differences, a default is none`() {
        let plan = plan(
            [
                declaration(
                    "a", configuration: ["cleanup.policy": "compact", "segment.ms": "1", "retention.ms": "604800000"])
            ],
            [actual("p.a", own: ["cleanup.policy": "delete", "flush.ms": "7"])])
        #expect(
            plan.differences == [
                .otherConfiguration(
                    topic: "p.a",
                    changes: [
                        .init(name: "cleanup.policy", actual: "delete", declared: "compact"),
                        .init(name: "segment.ms", actual: nil, declared: "1"),
                        .init(name: "flush.ms", actual: "7", declared: nil),
                    ], declared: ["cleanup.policy": "compact", "segment.ms": "1", "retention.ms": "604800000"])
            ])
    }

    @Test func `A cluster that does not tell its configuration is compared by partitions alone`() {
        #expect(plan([declaration("a")], [actual("p.a", own: nil)]).differences.isEmpty)
    }

    @Test func `Topics read together must have equally many partitions in the cluster`() {
        let declared = [declaration("a", key: "instance"), declaration("b", key: "instance"), declaration("c")]
        let uneven = plan(declared, [actual("p.a", partitions: 12), actual("p.b"), actual("p.c")])
        #expect(
            uneven.differences == [.unequalPartitions(topic: "p.b", actual: 6, other: "p.a", otherActual: 12)])
        // One that is missing is made like those that have grown, and it is said.
        let missing = plan(declared, [actual("p.a", partitions: 12), actual("p.c")])
        #expect(
            missing.differences == [
                .missing(
                    NewTopic(name: "p.b", partitions: 12, replicas: 3, configuration: ["cleanup.policy": "delete"]))
            ])
        #expect(missing.notes.contains { $0.contains("p.b: partitions 12 instead of the 6 declared") })
        // What --grow mends anyway is one difference, not two.
        let growing = plan(declared, [actual("p.a"), actual("p.b", partitions: 3), actual("p.c")])
        #expect(growing.differences == [.fewerPartitions(topic: "p.b", actual: 3, declared: 6)])
    }
}
