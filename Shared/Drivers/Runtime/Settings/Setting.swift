/// What a setting's value is, and how it is written.
public enum SettingType: Sendable, Hashable {
    case string
    case integer
    case double
    case boolean
    /// A number and its unit: `250ms`, `10s`, `5m`, `24h`, `3d`, or several of them, `1h30m`.
    case duration
    /// A number and its unit: `512B`, `64KiB`, `16MiB`, `1GiB`, or a plain number of bytes.
    case bytes
    /// Strings: an array in TOML, separated by commas elsewhere.
    case list
}

/// One key of the settings: its name, its type, its default, and what it is for.
public struct Setting: Sendable {
    /// Section and key: `kafka.bootstrap_servers`; in a table of tables the key alone.
    public let name: String
    /// What the value is.
    public let type: SettingType
    /// The value where none is given, as one writes it.
    public let defaultText: String?
    /// Whether it has to be given.
    public let isRequired: Bool
    /// Whether it may never be shown; a secret can be given as a file too (`…_FILE`, `…_file`).
    public let isSecret: Bool
    /// Further names of its environment variable.
    public let aliases: [String]
    /// The only values allowed, if there are any.
    public let choices: [String]
    /// The least and the greatest integer allowed.
    public let range: ClosedRange<Int>?
    /// What it is for, a sentence or two.
    public let help: String

    public init(
        _ name: String, _ type: SettingType, default: String? = nil, required: Bool = false, secret: Bool = false,
        aliases: [String] = [], choices: [String] = [], range: ClosedRange<Int>? = nil, help: String
    ) {
        self.name = name
        self.type = type
        self.defaultText = `default`
        self.isRequired = required
        self.isSecret = secret
        self.aliases = aliases
        self.choices = choices
        self.range = range
        self.help = help
    }

    /// The name of its environment variable: `PGA_KAFKA_BOOTSTRAP_SERVERS`.
    public var variable: String { Setting.variable(name) }

    static func variable(_ name: String) -> String {
        "PGA_" + name.uppercased().split(separator: ".", omittingEmptySubsequences: false).joined(separator: "_")
    }

    /// What every service has: the log, and where its health and metrics are to be had.
    public static func common(healthPort: Int) -> [Setting] {
        [
            Setting(
                "log.level", .string, default: "info", choices: LogLevel.allCases.map(\.name),
                help: "The least level of the lines written to the standard error."),
            Setting(
                "log.format", .string, default: "text", choices: LogFormat.allCases.map(\.rawValue),
                help: "How they are written: text for people, json for machines."),
            Setting(
                "health.address", .string, default: "127.0.0.1",
                help: "The address that /healthz, /readyz and /metrics listen on."),
            Setting(
                "health.port", .integer, default: String(healthPort), range: 0...65_535,
                help: "Their port; 0 takes a free one."),
        ]
    }
}
