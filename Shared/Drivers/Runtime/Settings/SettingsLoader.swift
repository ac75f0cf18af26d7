/// Gathers what each place gives, and makes the settings of it.
struct SettingsLoader {
    let schema: SettingsSchema
    let known: [String: Setting]
    var sources: [String: SettingSource] = [:]
    var children: [String: [Settings]] = [:]
    var warnings: [String] = []

    init(_ schema: SettingsSchema) {
        self.schema = schema
        self.known = Dictionary(uniqueKeysWithValues: schema.settings.map { ($0.name, $0) })
        for name in schema.tables.keys { children[name] = [] }
    }

    /// The first words of all keys.
    var sections: Set<String> {
        Set((schema.settings.map(\.name) + schema.open).compactMap { $0.split(separator: ".").first.map(String.init) })
    }

    /// Takes the values of the command line.
    mutating func take(arguments: [String: String]) throws(SettingsError) {
        var given: [String: SettingSource] = [:]
        for (name, text) in arguments.sorted(by: { $0.key < $1.key }) {
            if isKnown(name) || openSection(of: name) != nil {
                given[name] = SettingSource(raw: .text(text), place: "command line")
            } else if schema.tables.keys.contains(where: { name.hasPrefix($0 + ".") }) {
                throw SettingsError(.unknown, "command line: \(name) is a key of a table, which only the file can give")
            } else {
                throw SettingsError(.unknown, "command line: unknown setting \(name)\(hint(name))")
            }
        }
        try merge(given)
    }

    /// Replaces what weaker places gave; of a secret and its file a place may give one.
    mutating func merge(_ given: [String: SettingSource]) throws(SettingsError) {
        for (name, source) in given {
            if let secret = secret(ofFile: name) {
                sources[secret] = SettingSource(raw: .file(try source.path(of: name)), place: source.place)
            } else {
                if secret(ofFile: name + "_file") != nil, let file = given[name + "_file"] {
                    throw SettingsError(
                        .conflict,
                        "\(source.place): \(name) is given here and as a file (\(file.place)): give one of them")
                }
                sources[name] = source
            }
        }
    }

    /// Whether it is a key, or the file of a secret one.
    func isKnown(_ name: String) -> Bool { known[name] != nil || secret(ofFile: name) != nil }

    /// The secret whose file a name gives: `database.url` of `database.url_file`.
    private func secret(ofFile name: String) -> String? {
        guard known[name] == nil, name.hasSuffix("_file") else { return nil }
        let secret = String(name.dropLast("_file".count))
        let isSecret = known[secret]?.isSecret ?? openSection(of: secret).map { SettingsLoader.isFromFile($0.key) }
        return isSecret == true ? secret : nil
    }

    /// The last words of an open section's keys whose value can be a file's content.
    static let fromFile = ["password", "passphrase", "secret", "pem"]

    /// Whether an open section's key is one whose value can be a file's content.
    static func isFromFile(_ key: String) -> Bool { fromFile.contains { key.lowercased().hasSuffix($0) } }

    /// Whether an open section's key looks like one whose value no log may show.
    private static func isHidden(_ key: String) -> Bool {
        (fromFile + ["token", "key"]).contains { key.lowercased().contains($0) }
    }

    /// `kafka.librdkafka.ssl.ca.location` as (`kafka.librdkafka`, `ssl.ca.location`).
    func openSection(of name: String) -> (section: String, key: String)? {
        for section in schema.open where name.hasPrefix(section + ".") && name.count > section.count + 1 {
            return (section, String(name.dropFirst(section.count + 1)))
        }
        return nil
    }

    func hint(_ name: String) -> String {
        let files = schema.settings.filter(\.isSecret).map { $0.name + "_file" }
        return Nearest.hint(
            name, among: schema.settings.map(\.name) + files + schema.open + Array(schema.tables.keys) + Array(sections)
        )
    }

    /// Makes the settings: values in their types, defaults, nothing required missing.
    func finish(requiring: [String]?, file: String?) throws(SettingsError) -> Settings {
        var result = try SettingsLoader.resolve(schema.settings, sources, requiring: requiring) { setting in
            var names = ["\(setting.name) in the file", setting.variable] + setting.aliases
            if setting.isSecret { names.append(setting.variable + "_FILE") }
            return "\(schema.service): \(setting.name) is required: give \(names.joined(separator: ", ")), "
                + "or --set \(setting.name)=…"
        }
        result.place = file
        result.passedThrough = Dictionary(uniqueKeysWithValues: schema.open.map { ($0, [:]) })
        for (name, source) in sources {
            guard let (section, key) = openSection(of: name) else { continue }
            let text = try source.text(of: name)
            result.passedThrough[section]?[key] = text
            if SettingsLoader.isHidden(key) { result.secrets.append(text) }
        }
        result.children = children
        result.warnings = warnings
        result.secrets += children.values.flatMap { $0.flatMap(\.secrets) }
        return result
    }

    static func resolve(
        _ declared: [Setting], _ sources: [String: SettingSource], requiring: [String]?,
        _ missing: (Setting) -> String
    ) throws(SettingsError) -> Settings {
        var result = Settings(declared: declared)
        for setting in declared {
            if let source = sources[setting.name] {
                let value = try source.value(of: setting)
                let isEmpty = value == .string("") || value == .list([])
                if !(setting.isRequired && isEmpty) {
                    result.entries[setting.name] = Settings.Entry(value: value, place: source.place)
                    if setting.isSecret, case .string(let text) = value {
                        result.secrets += SettingsLoader.hidden(text)
                    }
                    continue
                }
            } else if let text = setting.defaultText {
                guard let value = try? SettingValue.parse(text, setting) else {
                    preconditionFailure("The default of \(setting.name) is not \(setting.type.name): \(text).")
                }
                result.entries[setting.name] = Settings.Entry(value: value, place: nil)
                continue
            }
            let section = setting.name.split(separator: ".").first.map(String.init) ?? ""
            if setting.isRequired && (requiring?.contains(section) ?? true) {
                throw SettingsError(.missing, missing(setting))
            }
        }
        return result
    }

    /// A secret and, when it is a URL, the password in it, which may be logged without the rest.
    private static func hidden(_ secret: String) -> [String] {
        guard let scheme = secret.firstRange(of: "://") else { return [secret] }
        let authority = secret[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@") else { return [secret] }
        let user = authority[..<at]
        guard let colon = user.firstIndex(of: ":") else { return [secret] }
        return [secret, String(user[user.index(after: colon)...])]
    }
}
