/// A named option of a command line: `--name`, or `--name VALUE`.
public struct CommandOption: Sendable {
    /// The name without its dashes.
    public let name: String
    /// What the value is called in the usage, or nil for one that takes none.
    public let argument: String?
    /// What it does, a sentence.
    public let help: String

    public init(_ name: String, argument: String? = nil, help: String) {
        self.name = name
        self.argument = argument
        self.help = help
    }

    /// As it is written in the usage.
    var usage: String { argument.map { "--\(name) \($0)" } ?? "--\(name)" }

    /// What every service understands.
    static let common: [CommandOption] = [
        CommandOption("config", argument: "FILE", help: "Read the settings from this TOML file (or PGA_CONFIG)."),
        CommandOption("set", argument: "SECTION.KEY=VALUE", help: "Set one setting; may be given several times."),
        CommandOption("log-level", argument: "LEVEL", help: "The same as --set log.level=LEVEL."),
        CommandOption("log-format", argument: "FORMAT", help: "The same as --set log.format=FORMAT."),
        CommandOption("help", help: "Print this help and exit."),
        CommandOption("version", help: "Print the version and exit."),
    ]
}
