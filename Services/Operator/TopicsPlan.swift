import Kafka

/// What stands between a cluster and the declarations. Pure: declared and actual in, differences out.
struct TopicsPlan: Equatable, Sendable {
    /// One thing that is not as declared.
    enum Difference: Equatable, Sendable {
        case missing(NewTopic)
        case fewerPartitions(topic: String, actual: Int, declared: Int)
        case otherConfiguration(topic: String, changes: [Change], declared: [String: String])
        /// Topics that are read together have different partition counts in the cluster.
        case unequalPartitions(topic: String, actual: Int, other: String, otherActual: Int)
    }

    /// One setting; nil is "not set on the topic".
    struct Change: Equatable, Sendable {
        let name: String
        let actual: String?
        let declared: String?
    }

    /// A topic of the cluster; the configuration is nil when the cluster does not tell it.
    struct Actual: Sendable {
        let topic: TopicDescription
        let configuration: [TopicSetting]?
    }

    var differences: [Difference] = []

    /// What is worth saying and is no difference.
    var notes: [String] = []

    init(declared: [TopicDeclaration], actual: [Actual], brokers: Int, replicas: Int? = nil, prefix: String) {
        let byName = Dictionary(actual.map { ($0.topic.name, $0) }, uniquingKeysWith: { first, _ in first })
        let shared = declared.filter { $0.key == TopicDeclaration.sharedKey }.map { prefix + $0.name }
        for declaration in declared {
            let name = prefix + declaration.name
            let wanted = wantedReplicas(declaration, name, brokers, replicas)
            guard let found = byName[name] else {
                let partitions = wantedPartitions(declaration, name, shared.compactMap { byName[$0]?.topic })
                differences.append(
                    .missing(
                        NewTopic(
                            name: name, partitions: partitions, replicas: wanted,
                            configuration: declaration.configuration)))
                continue
            }
            compare(declaration, name, found, wanted)
        }
        comparePartitions(shared, byName)
    }

    /// What is declared, unless a topic that it is read together with has grown beyond that.
    private mutating func wantedPartitions(
        _ declaration: TopicDeclaration, _ name: String, _ shared: [TopicDescription]
    ) -> Int {
        guard declaration.key == TopicDeclaration.sharedKey,
            let most = shared.max(by: { $0.partitions < $1.partitions }), most.partitions > declaration.partitions
        else { return declaration.partitions }
        notes.append(
            "\(name): partitions \(most.partitions) instead of the \(declaration.partitions) declared, as many as "
                + "\(most.name) has; topics keyed by \(TopicDeclaration.sharedKey) must have equally many")
        return most.partitions
    }

    private mutating func wantedReplicas(
        _ declaration: TopicDeclaration, _ name: String, _ brokers: Int, _ given: Int?
    ) -> Int {
        if let given { return given }
        if declaration.replicas > brokers {
            notes.append(
                "\(name): replicas \(brokers) instead of the \(declaration.replicas) declared; brokers there "
                    + "are: \(brokers)"
            )
        }
        return min(declaration.replicas, max(1, brokers))
    }

    private mutating func compare(_ declaration: TopicDeclaration, _ name: String, _ found: Actual, _ wanted: Int) {
        if found.topic.partitions < declaration.partitions {
            differences.append(
                .fewerPartitions(topic: name, actual: found.topic.partitions, declared: declaration.partitions))
        } else if found.topic.partitions > declaration.partitions {
            notes.append(
                "\(name): \(found.topic.partitions) partitions, more than the \(declaration.partitions) "
                    + "declared; a topic never shrinks, so declare \(found.topic.partitions)"
            )
        }
        if found.topic.replicas < wanted {
            notes.append(
                "\(name): \(found.topic.replicas) replicas, fewer than \(wanted); this command does not move "
                    + "replicas, kafka-reassign-partitions does"
            )
        }
        guard let configuration = found.configuration else { return }
        let values = Dictionary(configuration.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var changes: [Change] = []
        for (key, value) in declaration.configuration.sorted(by: { $0.key < $1.key }) where values[key]?.value != value
        {
            changes.append(Change(name: key, actual: values[key]?.value, declared: value))
        }
        for setting in configuration.sorted(by: { $0.name < $1.name })
        where setting.isOwn && declaration.configuration[setting.name] == nil {
            changes.append(Change(name: setting.name, actual: setting.value, declared: nil))
        }
        if !changes.isEmpty {
            differences.append(
                .otherConfiguration(topic: name, changes: changes, declared: declaration.configuration))
        }
    }

    /// Each may have more partitions than declared, and then all have to have as many.
    private mutating func comparePartitions(_ names: [String], _ byName: [String: Actual]) {
        let found = names.compactMap { byName[$0]?.topic }
        guard let most = found.max(by: { $0.partitions < $1.partitions }) else { return }
        for topic in found where topic.partitions < most.partitions {
            // Growing to what is declared may mend it; what it does not mend is a difference of its own.
            let grown = differences.contains {
                if case .fewerPartitions(topic.name, _, let declared) = $0 { return declared >= most.partitions }
                return false
            }
            if !grown {
                differences.append(
                    .unequalPartitions(
                        topic: topic.name, actual: topic.partitions, other: most.name, otherActual: most.partitions))
            }
        }
    }
}

extension TopicsPlan.Difference: CustomStringConvertible {
    /// One line.
    var description: String {
        switch self {
        case .missing(let topic):
            "\(topic.name): topic missing; to be made with \(topic.partitions) partitions, \(topic.replicas) replicas"
        case .fewerPartitions(let topic, let actual, let declared):
            "\(topic): fewer partitions: \(actual), declared \(declared)"
        case .otherConfiguration(let topic, let changes, _):
            "\(topic): other configuration: " + changes.map(\.description).joined(separator: ", ")
        case .unequalPartitions(let topic, let actual, let other, let otherActual):
            "\(topic): \(actual) partitions, but \(other) has \(otherActual); topics keyed by "
                + "\(TopicDeclaration.sharedKey) must have equally many: declare \(otherActual) for both and "
                + "apply with --grow"
        }
    }
}

extension TopicsPlan.Change: CustomStringConvertible {
    var description: String {
        "\(name) is \(actual ?? "not set"), declared \(declared ?? "nothing")"
    }
}
