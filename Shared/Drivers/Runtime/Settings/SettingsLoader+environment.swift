extension SettingsLoader {
    /// Takes the values of the environment.
    ///
    /// An empty variable counts as absent: that is what a compose file makes of one that is not set. A variable of a
    /// section that this service does not have belongs to another service and is ignored with a warning, unless it is
    /// so near to one of ours that it must be meant for us.
    mutating func take(environment: [String: String]) throws(SettingsError) {
        var given: [String: SettingSource] = [:]
        var unused = environment.filter { $0.key.hasPrefix("PGA_") && !$0.value.isEmpty }
        unused["PGA_CONFIG"] = nil
        for setting in schema.settings {
            for variable in [setting.variable] + setting.aliases {
                let names =
                    [(variable, setting.name)]
                    + (setting.isSecret ? [(variable + "_FILE", setting.name + "_file")] : [])
                for (variable, name) in names {
                    unused[variable] = nil
                    // The first of a key's names that is set counts; a secret and its file under one name conflict.
                    guard let text = environment[variable], !text.isEmpty, given[name] == nil else { continue }
                    given[name] = SettingSource(raw: .text(text), place: "environment variable \(variable)")
                }
                if given[setting.name] != nil || given[setting.name + "_file"] != nil {
                    for alias in setting.aliases { unused[alias] = nil; unused[alias + "_FILE"] = nil }
                    break
                }
            }
        }
        for (variable, text) in unused where !variable.hasPrefix("PGA_TEST_") {
            if let (section, key) = openSection(ofVariable: variable) {
                given["\(section).\(key)"] = SettingSource(
                    raw: .text(text), place: "environment variable \(variable)")
                unused[variable] = nil
            }
        }
        for variable in unused.keys.sorted() where !variable.hasPrefix("PGA_TEST_") { try judge(variable) }
        try merge(given)
    }

    /// A variable that names none of our keys: an error when it must be meant for us, else a warning.
    private mutating func judge(_ variable: String) throws(SettingsError) {
        for table in schema.tables.keys where variable.hasPrefix(Setting.variable(table) + "_") {
            throw SettingsError(
                .unknown, "environment variable \(variable): [[\(table)]] tables can only be given in the file")
        }
        let names = schema.settings.flatMap { setting in
            [setting.variable] + (setting.isSecret ? [setting.variable + "_FILE"] : [])
        }
        let isOurs = sections.contains { variable.hasPrefix(Setting.variable($0) + "_") }
        let isMeant = names.contains { Nearest.distance($0, variable) <= 2 && $0.count > 12 }
        if isOurs || isMeant {
            throw SettingsError(
                .unknown,
                "environment variable \(variable): \(schema.service) has no such setting"
                    + Nearest.hint(variable, among: names))
        }
        warnings.append("environment variable \(variable) is not a setting of \(schema.service) and was ignored")
    }

    /// `PGA_KAFKA_LIBRDKAFKA_SSL_CA_LOCATION` as (`kafka.librdkafka`, `ssl.ca.location`), and the file of a secret,
    /// `…_SASL_PASSWORD_FILE`, as `sasl.password_file`.
    private func openSection(ofVariable variable: String) -> (section: String, key: String)? {
        for section in schema.open {
            let prefix = Setting.variable(section) + "_"
            guard variable.hasPrefix(prefix), variable.count > prefix.count else { continue }
            let words = variable.dropFirst(prefix.count).lowercased().split(
                separator: "_", omittingEmptySubsequences: false)
            let secret = words.dropLast().joined(separator: ".")
            let isFile = words.last == "file" && SettingsLoader.isFromFile(secret)
            return (section, isFile ? secret + "_file" : words.joined(separator: "."))
        }
        return nil
    }
}
