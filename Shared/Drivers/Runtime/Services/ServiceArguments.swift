import Glibc

/// What the command line asked for, with the settings and the logger that follow from it.
public struct ServiceArguments: Sendable {
    /// The word, or nil: run the service.
    public let word: String?
    /// What followed the word.
    public let arguments: [String]
    /// The word's own options; empty for those without a value.
    public let options: [String: String]
    /// The settings of all places.
    public let settings: Settings
    /// Of the level and format of the settings, with every secret masked.
    public let logger: Logger

    /// What a command line comes to.
    enum Outcome {
        case run(ServiceArguments)
        case print(String)
    }

    /// Reads the command line and all settings; prints the help or the version and exits when asked to, and exits with
    /// status 2 and one line on the standard error when something is wrong.
    ///
    /// - Parameters:
    ///   - schema: The service's keys; ``Setting/common(healthPort:)`` among them.
    ///   - argv: The program's name and its arguments.
    ///   - words: What the program can do instead of running.
    ///   - version: What `--version` prints after the name.
    ///   - about: What the program is, the first paragraph of the help.
    ///   - needsWord: Whether doing nothing but run is no option.
    public static func parse(
        _ schema: SettingsSchema, _ argv: [String] = CommandLine.arguments, words: [Word] = [],
        version: String = "0.1.0", about: String = "", needsWord: Bool = false
    ) -> ServiceArguments {
        do {
            let outcome = try evaluate(
                schema, argv, words: words, version: version, about: about, needsWord: needsWord,
                environment: ProcessEnvironment.all)
            switch outcome {
            case .run(let arguments):
                for warning in arguments.settings.warnings {
                    arguments.logger.warning("Ignored a variable", [.errorMessage: LogValue(warning)])
                }
                return arguments
            case .print(let text):
                print(text, terminator: "")
                exit(0)
            }
        } catch {
            StandardError.write("\(programName(argv)): \(error.message)")
            exit(2)
        }
    }

    static func evaluate(
        _ schema: SettingsSchema, _ argv: [String], words: [Word], version: String, about: String, needsWord: Bool,
        environment: [String: String]
    ) throws(SettingsError) -> Outcome {
        let program = programName(argv)
        let usage = "see \(program) --help"
        // Options before the word are everybody's; after it come the word's own as well.
        let leading = try CommandLineParser.parse(
            Array(argv.dropFirst()), options: CommandOption.common, onlyLeading: true, usage: usage)
        var given = leading.options
        var rest = leading.arguments
        var word: Word?
        if let name = rest.first {
            guard let found = words.first(where: { $0.name == name }) else {
                let hint = Nearest.hint(name, among: words.map(\.name))
                throw SettingsError(.usage, "unknown word \(name)\(hint)\(hint.isEmpty ? "; " : " ")\(usage)")
            }
            word = found
            let trailing = try CommandLineParser.parse(
                Array(rest.dropFirst()), options: CommandOption.common + found.options, onlyLeading: false, usage: usage
            )
            given += trailing.options
            rest = trailing.arguments
        }
        if given.contains(where: { $0.name == "help" }) {
            return .print(
                Usage(program: program, schema: schema, words: words, about: about, needsWord: needsWord).text(
                    for: word))
        }
        if given.contains(where: { $0.name == "version" }) { return .print("\(program) \(version)\n") }
        if let word {
            guard word.count.contains(rest.count) else {
                throw SettingsError(
                    .usage, "\(word.name) takes \(word.usage.isEmpty ? "no arguments" : word.usage); \(usage)")
            }
        } else if needsWord {
            throw SettingsError(.usage, "say what to do, one of \(words.map(\.name).joined(separator: ", ")); \(usage)")
        }
        let own = Set(word?.options.map(\.name) ?? [])
        var sets: [String: String] = [:]
        for (name, value) in given where !own.contains(name) {
            switch name {
            case "log-level": sets["log.level"] = value
            case "log-format": sets["log.format"] = value
            case "set":
                guard let equals = value.firstIndex(of: "="), equals != value.startIndex else {
                    throw SettingsError(.usage, "--set \(value): give it as --set section.key=value")
                }
                sets[String(value[..<equals])] = String(value[value.index(after: equals)...])
            default: break
            }
        }
        let variable = environment["PGA_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        let file = given.last { $0.name == "config" && !own.contains($0.name) }?.value ?? variable
        let settings = try Settings.load(
            schema, arguments: sets, environment: environment, file: file, requiring: word?.needs)
        return .run(
            ServiceArguments(
                word: word?.name, arguments: rest,
                options: Dictionary(given.filter { own.contains($0.name) }.map { ($0.name, $0.value) }) { $1 },
                settings: settings, logger: logger(schema, settings)))
    }

    private static func logger(_ schema: SettingsSchema, _ settings: Settings) -> Logger {
        let names = Set(schema.settings.map(\.name))
        let level = names.contains("log.level") ? LogLevel(name: settings.string("log.level")) : nil
        let format = names.contains("log.format") ? LogFormat(rawValue: settings.string("log.format")) : nil
        return Logger(service: schema.service, level: level ?? .info, format: format ?? .text)
            .hiding(settings.secrets)
    }

    private static func programName(_ argv: [String]) -> String {
        argv.first.flatMap { $0.split(separator: "/").last.map(String.init) } ?? "program"
    }
}
