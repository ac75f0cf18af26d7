import Testing

@testable import Runtime

struct ServiceArgumentsTests {
    private let schema = SettingsSchema(
        service: "writer",
        settings: [Setting("kafka.bootstrap_servers", .string, required: true, help: "The brokers.")]
            + Setting.common(healthPort: 9_102),
        open: ["kafka.librdkafka"])
    private let words = [
        Word(
            "migrate", usage: "up|down|status", count: 1...1,
            options: [
                CommandOption("to", argument: "VERSION", help: "Where to stop."),
                CommandOption("dry-run", help: "Print only."),
            ], needs: ["database"], help: "Change the schema."),
        Word("check", help: "Look at everything."),
    ]

    private func parse(_ arguments: [String], _ environment: [String: String] = [:]) throws(SettingsError)
        -> ServiceArguments.Outcome
    {
        try ServiceArguments.evaluate(
            schema, ["/usr/bin/pganalytics-writer"] + arguments, words: words, version: "1.2.3", about: "It writes.",
            needsWord: false, environment: environment)
    }

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> ServiceArguments {
        guard case .run(let result) = try parse(arguments, environment) else {
            throw SettingsError(.usage, "It printed something.")
        }
        return result
    }

    private func message(_ arguments: [String]) -> String {
        do {
            _ = try parse(arguments)
            return "no error"
        } catch {
            return error.message
        }
    }

    @Test func `Without a word it runs, with the settings of --set and the short forms`() throws {
        let result = try run([
            "--set", "kafka.bootstrap_servers=a:1", "--log-level=debug", "--log-format", "json", "--set",
            "kafka.librdkafka.sasl.password=x=y",
        ])
        #expect(result.word == nil && result.arguments.isEmpty)
        #expect(result.settings.string("kafka.bootstrap_servers") == "a:1")
        #expect(result.settings.string("log.format") == "json")
        #expect(result.settings.map("kafka.librdkafka") == ["sasl.password": "x=y"])
        #expect(result.logger.level == .debug)
    }

    @Test func `A word has its own arguments and options, anywhere after it`() throws {
        let result = try run(["--log-level", "error", "migrate", "--to", "3", "up", "--dry-run"])
        #expect(result.word == "migrate" && result.arguments == ["up"])
        #expect(result.options == ["to": "3", "dry-run": ""])
        #expect(result.logger.level == .error)
        #expect(try run(["migrate", "--", "--to"]).arguments == ["--to"])
    }

    @Test func `A word asks only for the settings that it needs`() throws {
        #expect(throws: Never.self) { try run(["migrate", "status"]) }
        #expect(message(["check"]).hasPrefix("writer: kafka.bootstrap_servers is required"))
    }

    @Test func `What does not fit the usage is one line`() {
        #expect(message(["migrte"]) == "unknown word migrte; did you mean migrate? see pganalytics-writer --help")
        #expect(message(["migrate"]) == "migrate takes up|down|status; see pganalytics-writer --help")
        #expect(message(["check", "now"]) == "check takes no arguments; see pganalytics-writer --help")
        #expect(
            message(["--confg", "x"])
                == "unknown or ambiguous option --confg; did you mean --config? see pganalytics-writer --help")
        #expect(message(["-x"]) == "unknown or ambiguous option -x; see pganalytics-writer --help")
        #expect(message(["--config"]) == "option --config needs a value, --config FILE; see pganalytics-writer --help")
        #expect(message(["--help=yes"]) == "option --help takes no value; see pganalytics-writer --help")
        #expect(message(["--set", "x"]) == "--set x: give it as --set section.key=value")
        #expect(
            message(["--set", "log.levl=info"]) == "command line: unknown setting log.levl; did you mean log.level?")
        #expect(message(["--to", "3", "migrate", "up"]).hasPrefix("unknown or ambiguous option --to"))
        #expect(
            message(["--config", "/nowhere.toml"])
                == "the settings file cannot be read: /nowhere.toml: No such file or directory")
    }

    @Test func `The help has the words, the options and every setting`() throws {
        guard case .print(let text) = try parse(["--help"]) else {
            Issue.record("It did not print.")
            return
        }
        #expect(
            text.hasPrefix(
                "usage: pganalytics-writer [option…]\n       pganalytics-writer [option…] migrate up|down|status"))
        for part in [
            "It writes.", "--config FILE", "--dry-run", "Change the schema.",
            "kafka.bootstrap_servers  (string, required)", "PGA_HEALTH_PORT",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        guard case .print(let version) = try parse(["--version"]) else {
            Issue.record("It did not print.")
            return
        }
        #expect(version == "pganalytics-writer 1.2.3\n")
        guard case .print(let word) = try parse(["migrate", "--help"]) else {
            Issue.record("It did not print.")
            return
        }
        #expect(word.contains("--to VERSION"))
    }

    @Test func `The file may be named by a variable`() {
        do {
            _ = try parse([], ["PGA_CONFIG": "/nowhere.toml"])
            Issue.record("It was not read.")
        } catch {
            #expect(error.message.contains("/nowhere.toml"))
        }
    }
}
