import Codec
import Kafka
import Runtime

/// The word `pganalytics topics`: makes a cluster match the declarations of `topics/`, or says how it differs.
struct TopicsCommand {
    private static let options = [
        CommandOption("topics", argument: "DIR", help: "Where the declarations are; else ./topics, else the image's."),
        CommandOption("prefix", argument: "PREFIX", help: "Put before each name (default \(Topics.defaultPrefix))."),
        CommandOption(
            "replicas", argument: "N",
            help: "Replicas of topics that are made; else the lesser of declared and brokers there are."),
        CommandOption("wait", argument: "SECONDS", help: "How long to wait for a broker (default 30)."),
    ]

    private static let words = [
        Word(
            "apply",
            options: options + [
                CommandOption("grow", help: "Also add partitions to topics that have fewer. That moves keys.")
            ],
            help: """
                Prints the difference, then makes what is missing and sets configurations. A topic's declaration is the \
                whole truth: librdkafka before 2.2.0 can only replace a topic's configuration as a whole, so what was \
                set by hand and is not declared goes back to the broker's default. Never shrinks, never deletes.
                """),
        Word(
            "check", options: options,
            help: "Says, a line each, which topic is missing, has fewer partitions or another configuration; 1 "
                + "if any."),
    ]

    /// Runs the word and returns the exit status: 0 when the cluster is as declared, 1 when not, 2 for a wrong command.
    static func run(_ arguments: [String]) async -> CInt {
        let schema = SettingsSchema(
            service: "topics",
            settings: KafkaSettings.settings + [
                Setting(
                    "kafka.topic_prefix", .string, default: Topics.defaultPrefix,
                    help: "Put before the name of every topic."),
                Setting("log.level", .string, default: "warning", help: "debug, info, warning or error."),
                Setting("log.format", .string, default: "text", help: "text or json."),
            ],
            open: [KafkaSettings.openSection])
        let parsed = ServiceArguments.parse(
            schema, ["pganalytics topics"] + arguments, words: words,
            about: "Compares the topics declared in topics/ with those of a Kafka cluster.", needsWord: true)
        do {
            let job = try TopicsJob(parsed)
            return try await job.run()
        } catch {
            printError("pganalytics topics: \(error)")
            return (error as? KafkaError)?.code == .configuration || error is TopicDeclarationError ? 2 : 1
        }
    }
}

/// One run of the word.
struct TopicsJob {
    private let settings: KafkaSettings
    private let logger: Logger
    private let declared: [TopicDeclaration]
    private let prefix: String
    private let replicas: Int?
    private let isApply: Bool
    private let mayGrow: Bool
    private let patience: Duration

    init(_ arguments: ServiceArguments) throws {
        settings = KafkaSettings(arguments.settings, clientID: "topics@\(hostName())")
        logger = arguments.logger
        declared = try TopicsFolder.load(try TopicsFolder.find(arguments.options["topics"]))
        prefix = arguments.options["prefix"] ?? arguments.settings.string("kafka.topic_prefix")
        replicas = try Self.number(arguments.options["replicas"], "--replicas", 1...100)
        isApply = arguments.word == "apply"
        mayGrow = arguments.options["grow"] != nil
        patience = .seconds(try Self.number(arguments.options["wait"], "--wait", 0...86_400) ?? 30)
    }

    private static func number(_ text: String?, _ option: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw KafkaError(
                .configuration,
                "\(option) is \"\(text)\"; give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Compares, prints, and applies when asked to.
    func run() async throws -> CInt {
        let admin = try KafkaAdmin(settings, logger: logger, timeout: max(.seconds(3), min(.seconds(15), patience)))
        do {
            let status = try await run(admin)
            await admin.close()
            return status
        } catch {
            await admin.close()
            throw error
        }
    }

    private func run(_ admin: KafkaAdmin) async throws -> CInt {
        let (plan, tellsConfiguration) = try await compare(admin)
        for note in plan.notes { printLine("note: \(note)") }
        if !tellsConfiguration {
            printLine(
                "note: this cluster does not tell the configuration of topics (librdkafka's mock does not); "
                    + "topics and partitions were compared"
            )
        }
        for difference in plan.differences { printLine("\(difference)") }
        guard !plan.differences.isEmpty else {
            printLine("\(declared.count) topics are as declared")
            return 0
        }
        guard isApply else { return 1 }
        return try await apply(plan, admin) ? 0 : 1
    }

    /// The plan, and whether configurations were part of it.
    private func compare(_ admin: KafkaAdmin) async throws -> (TopicsPlan, Bool) {
        let cluster = try await reach(admin)
        let names = Set(declared.map { prefix + $0.name })
        let found = cluster.topics.filter { names.contains($0.name) }
        var configurations: [String: [TopicSetting]]?
        do {
            configurations = try await admin.configuration(of: found.map(\.name))
        } catch let error as KafkaError where error.code == .unsupported {
            configurations = nil
        }
        let plan = TopicsPlan(
            declared: declared,
            actual: found.map { TopicsPlan.Actual(topic: $0, configuration: configurations?[$0.name]) },
            brokers: cluster.brokers.count, replicas: replicas, prefix: prefix)
        return (plan, configurations != nil)
    }

    /// Waits for a broker: a job of this kind is often started together with it. What no waiting cures is thrown.
    private func reach(_ admin: KafkaAdmin) async throws -> ClusterDescription {
        let end = ContinuousClock.now + patience
        while true {
            do {
                return try await admin.cluster()
            } catch let error as KafkaError
                where error.isRetriable && error.code != .authentication && error.code != .ssl
                && ContinuousClock.now < end
            {
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// Does what the plan says; true when nothing is left to do.
    private func apply(_ plan: TopicsPlan, _ admin: KafkaAdmin) async throws -> Bool {
        var isDone = true
        for difference in plan.differences {
            switch difference {
            case .missing(let topic):
                do {
                    try await admin.create([topic])
                    printLine("\(topic.name): made")
                } catch let error as KafkaError where error.code == .unsupported {
                    throw KafkaError(
                        .unsupported,
                        "this cluster cannot make topics (librdkafka's mock knows no CreateTopics): pganalytics "
                            + "broker makes those of its --topics folder when it starts, so start it anew with "
                            + "this folder"
                    )
                }
            case .fewerPartitions(let topic, let actual, let wanted):
                guard mayGrow else {
                    printError(
                        "\(topic): not grown; --grow adds partitions, which moves keys to other partitions")
                    isDone = false
                    continue
                }
                try await admin.grow(topic, to: wanted)
                printLine("\(topic): grown from \(actual) to \(wanted) partitions")
            case .otherConfiguration(let topic, _, let configuration):
                try await admin.replaceConfiguration(of: topic, with: configuration)
                printLine("\(topic): configured")
            case .unequalPartitions:
                isDone = false
            }
        }
        if isDone { try await settle(admin) }
        return isDone
    }

    /// Waits until the brokers tell what they were told: a moment passes between a topic's making and its showing.
    private func settle(_ admin: KafkaAdmin) async throws {
        let end = ContinuousClock.now + .seconds(15)
        while true {
            do {
                let left = try await compare(admin).0.differences
                if left.isEmpty { return }
                guard ContinuousClock.now < end else {
                    throw KafkaError(.timedOut, "applied, but the cluster does not show it yet: \(left[0])")
                }
            } catch let error as KafkaError where error.code == .unknownTopic && ContinuousClock.now < end {
                // One broker tells of the topic, another is asked for its configuration and has not heard of it.
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
