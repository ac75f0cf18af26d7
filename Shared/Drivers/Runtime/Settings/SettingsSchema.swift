/// All keys that a service knows.
public struct SettingsSchema: Sendable {
    /// The service's name, which begins its messages.
    public let service: String
    /// The keys, in the order of the reference.
    public let settings: [Setting]
    /// Arrays of tables, such as `[[server]]`, and the keys of each.
    public let tables: [String: [Setting]]
    /// Sections that take any key and pass it through, such as `kafka.librdkafka`.
    public let open: [String]

    public init(
        service: String, settings: [Setting], tables: [String: [Setting]] = [:], open: [String] = []
    ) {
        let names = settings.map(\.name)
        precondition(Set(names).count == names.count, "A setting is declared twice: \(names.sorted()).")
        self.service = service
        self.settings = settings
        self.tables = tables
        self.open = open
    }

    /// The whole reference of the keys, for `--help` and the manual.
    public func reference() -> String {
        var text = ""
        for setting in settings { text += SettingsSchema.entry(setting, variable: setting.variable) }
        for section in open.sorted() {
            text += "  \(section).NAME\n"
            text += Wrap.paragraph("Any property NAME of the library, as it is; it replaces ours.", indent: 6)
            text += "      environment: \(Setting.variable(section))_NAME, with _ for each dot of NAME\n"
            let ends = SettingsLoader.fromFile.joined(separator: ", ")
            text += Wrap.paragraph(
                "or from a file, where NAME ends in one of \(ends): NAME_file, …_NAME_FILE", indent: 6)
        }
        for (name, settings) in tables.sorted(by: { $0.key < $1.key }) {
            text += "\n  In each [[\(name)]] of the file:\n\n"
            for setting in settings { text += SettingsSchema.entry(setting, variable: nil) }
        }
        return text
    }

    private static func entry(_ setting: Setting, variable: String?) -> String {
        var facts = [setting.type.name]
        if setting.isRequired { facts.append("required") }
        if let value = setting.defaultText { facts.append("default \(value.isEmpty ? "\"\"" : value)") }
        if !setting.choices.isEmpty { facts.append(setting.choices.joined(separator: " | ")) }
        if let range = setting.range { facts.append("\(range.lowerBound) to \(range.upperBound)") }
        if setting.isSecret { facts.append("secret") }
        var text = "  \(setting.name)  (\(facts.joined(separator: ", ")))\n"
        text += Wrap.paragraph(setting.help, indent: 6)
        if setting.isSecret { text += "      or from a file: \(setting.name)_file\n" }
        if let variable {
            var names = [variable] + setting.aliases
            if setting.isSecret { names += names.map { $0 + "_FILE" } }
            text += Wrap.paragraph("environment: " + names.joined(separator: ", "), indent: 6)
        }
        return text
    }
}

extension SettingType {
    /// The type as the reference calls it.
    var name: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .double: "number"
        case .boolean: "boolean"
        case .duration: "duration"
        case .bytes: "bytes"
        case .list: "list of strings"
        }
    }
}
