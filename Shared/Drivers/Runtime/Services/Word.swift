/// A word of a command line that makes the program do something else than run: `migrate`, `check`, `users`.
public struct Word: Sendable {
    /// The word itself.
    public let name: String
    /// What may follow it, as the usage shows it: `up|down|status`.
    public let usage: String
    /// How many arguments may follow it.
    public let count: ClosedRange<Int>
    /// Its own options.
    public let options: [CommandOption]
    /// The sections whose required settings it needs; nil means all.
    public let needs: [String]?
    /// What it does, a sentence or two.
    public let help: String

    public init(
        _ name: String, usage: String = "", count: ClosedRange<Int> = 0...0, options: [CommandOption] = [],
        needs: [String]? = nil, help: String
    ) {
        self.name = name
        self.usage = usage
        self.count = count
        self.options = options
        self.needs = needs
        self.help = help
    }
}
