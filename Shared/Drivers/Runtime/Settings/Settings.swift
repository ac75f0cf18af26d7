/// The settings of a process: read once, complete, each of its type.
///
/// What is given on the command line wins over the environment, that over the file, and that over the default. A key
/// that the schema does not know is an error of the programmer here, and of the user in ``load(_:arguments:environment:file:requiring:)``.
public struct Settings: Sendable {
    struct Entry: Sendable {
        let value: SettingValue
        /// Where it was given, or nil for a default.
        let place: String?
    }

    /// The declarations by name.
    let declared: [String: Setting]
    var entries: [String: Entry] = [:]
    var passedThrough: [String: [String: String]] = [:]
    var children: [String: [Settings]] = [:]
    /// Where the table stands (`collector.toml:12:1`), or the file, if there is one.
    public internal(set) var place: String?
    /// What was ignored and should be told once there is a logger.
    public internal(set) var warnings: [String] = []
    /// Every secret value, to be masked in the log (see ``Logger/hiding(_:)``).
    public internal(set) var secrets: [String] = []

    init(declared: [Setting]) {
        self.declared = Dictionary(uniqueKeysWithValues: declared.map { ($0.name, $0) })
    }

    /// Whether a value was given or there is a default.
    public func has(_ name: String) -> Bool { entry(name) != nil }

    /// The value of a string that is required or has a default.
    public func string(_ name: String) -> String {
        guard case .string(let value) = required(name) else { wrongType(name, "a string") }
        return value
    }

    /// The value of a string, or nil when none was given.
    public func optionalString(_ name: String) -> String? { has(name) ? string(name) : nil }

    /// The value of an integer.
    public func integer(_ name: String) -> Int {
        guard case .integer(let value) = required(name) else { wrongType(name, "an integer") }
        return value
    }

    /// The value of a number.
    public func double(_ name: String) -> Double {
        guard case .double(let value) = required(name) else { wrongType(name, "a number") }
        return value
    }

    /// The value of a truth value.
    public func boolean(_ name: String) -> Bool {
        guard case .boolean(let value) = required(name) else { wrongType(name, "a boolean") }
        return value
    }

    /// The value of a duration.
    public func duration(_ name: String) -> Duration {
        guard case .duration(let value) = required(name) else { wrongType(name, "a duration") }
        return value
    }

    /// The value of a number of bytes.
    public func bytes(_ name: String) -> Int { integer(name) }

    /// The value of a list; empty when none was given.
    public func list(_ name: String) -> [String] {
        guard has(name) else { return [] }
        guard case .list(let value) = required(name) else { wrongType(name, "a list") }
        return value
    }

    /// Everything that was given in an open section, as text.
    public func map(_ openSection: String) -> [String: String] {
        guard let values = passedThrough[openSection] else {
            preconditionFailure("The schema has no open section \(openSection).")
        }
        return values
    }

    /// The tables of an array of tables, in the order of the file.
    public func tables(_ name: String) -> [Settings] {
        guard let tables = children[name] else { preconditionFailure("The schema has no tables [[\(name)]].") }
        return tables
    }

    /// Where the value was given: `collector.toml:3:8`, `environment variable PGA_…`, `command line`, or `default`.
    public func place(of name: String) -> String { entry(name)?.place ?? "default" }

    /// The error for a value that has the right type and still cannot be; `remedy` says what to do.
    public func invalid(_ name: String, _ remedy: String) -> SettingsError {
        let shown =
            declared[name]?.isSecret == true ? "what is given there" : entries[name].map { show($0.value) } ?? "absent"
        return SettingsError(.invalid, "\(place(of: name)): \(name) cannot be \(shown): \(remedy)")
    }

    private func entry(_ name: String) -> Entry? {
        guard declared[name] != nil else { preconditionFailure("The schema has no setting \(name).") }
        return entries[name]
    }

    private func required(_ name: String) -> SettingValue {
        guard let entry = entry(name) else {
            preconditionFailure("The setting \(name) has no value, is not required and has no default: ask has(_:).")
        }
        return entry.value
    }

    private func wrongType(_ name: String, _ asked: String) -> Never {
        preconditionFailure(
            "The setting \(name) is declared as \(declared[name]!.type.name) and asked for as \(asked).")
    }

    private func show(_ value: SettingValue) -> String {
        switch value {
        case .string(let text): "\"\(text)\""
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .boolean(let truth): String(truth)
        case .duration(let duration): String(describing: duration)
        case .list(let parts): "[\(parts.joined(separator: ", "))]"
        }
    }
}

extension Settings: CustomStringConvertible {
    /// Every setting and its value on a line, secrets masked.
    public var description: String {
        entries.sorted { $0.key < $1.key }.map { name, entry in
            "\(name) = \(declared[name]?.isSecret == true ? "***" : show(entry.value))"
        }.joined(separator: "\n")
    }
}
