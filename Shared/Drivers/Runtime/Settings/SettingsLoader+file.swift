extension SettingsLoader {
    /// Takes the values of the file.
    mutating func take(_ document: TOMLValue, file: String) throws(SettingsError) {
        var given: [String: SettingSource] = [:]
        try walk(document, path: "", file: file, into: &given)
        try merge(given)
    }

    private mutating func walk(
        _ table: TOMLValue, path: String, file: String, into given: inout [String: SettingSource]
    ) throws(SettingsError) {
        guard case .table(let entries) = table.content else { return }
        for (key, position, value) in entries {
            let name = path.isEmpty ? key : "\(path).\(key)"
            let place = "\(file):\(position.line):\(position.column)"
            if schema.open.contains(name) || openSection(of: name) != nil {
                try passThrough(value, name, place, file: file, into: &given)
            } else if let settings = schema.tables[name] {
                children[name] = try tables(value, name, settings, place, file: file)
            } else if isKnown(name) {
                given[name] = SettingSource(
                    raw: .toml(value), place: "\(file):\(value.place.line):\(value.place.column)")
            } else if case .table = value.content, leads(to: name) {
                try walk(value, path: name, file: file, into: &given)
            } else if case .table = value.content {
                throw SettingsError(.unknown, "\(place): unknown section [\(name)]\(hint(name))")
            } else {
                throw SettingsError(.unknown, "\(place): unknown setting \(name)\(hint(name))")
            }
        }
    }

    /// Whether some key begins with these words.
    private func leads(to path: String) -> Bool {
        let prefix = path + "."
        return known.keys.contains { $0.hasPrefix(prefix) } || schema.open.contains { $0.hasPrefix(prefix) }
            || schema.tables.keys.contains { $0.hasPrefix(prefix) }
    }

    /// `"security.protocol" = "ssl"` and `security.protocol = "ssl"` are the same here, a key and a table of tables.
    private func passThrough(
        _ value: TOMLValue, _ name: String, _ place: String, file: String, into given: inout [String: SettingSource]
    ) throws(SettingsError) {
        if case .table(let entries) = value.content {
            for (key, position, value) in entries {
                let place = "\(file):\(position.line):\(position.column)"
                try passThrough(value, "\(name).\(key)", place, file: file, into: &given)
            }
        } else if openSection(of: name) != nil, let text = value.passedThrough {
            given[name] = SettingSource(raw: .text(text), place: "\(file):\(value.place.line):\(value.place.column)")
        } else {
            throw SettingsError(
                .invalid,
                "\(place): \(name) cannot be \(value.kind): give a string, a number, a boolean or a table of them")
        }
    }

    private func tables(
        _ value: TOMLValue, _ name: String, _ settings: [Setting], _ place: String, file: String
    ) throws(SettingsError) -> [Settings] {
        guard case .array(let values) = value.content else {
            throw SettingsError(.invalid, "\(place): \(name) cannot be \(value.kind): begin each with [[\(name)]]")
        }
        var result: [Settings] = []
        for value in values {
            guard case .table(let entries) = value.content else {
                throw SettingsError(
                    .invalid, "\(place): \(name) cannot hold \(value.kind): begin each with [[\(name)]]")
            }
            var loader = SettingsLoader(SettingsSchema(service: schema.service, settings: settings))
            var given: [String: SettingSource] = [:]
            for (key, position, value) in entries {
                guard loader.isKnown(key) else {
                    throw SettingsError(
                        .unknown,
                        "\(file):\(position.line):\(position.column): unknown key \(key) in [[\(name)]]\(loader.hint(key))"
                    )
                }
                given[key] = SettingSource(
                    raw: .toml(value), place: "\(file):\(value.place.line):\(value.place.column)")
            }
            try loader.merge(given)
            let begin = "\(file):\(value.place.line):\(value.place.column)"
            var table = try SettingsLoader.resolve(settings, loader.sources, requiring: nil) { setting in
                "\(begin): this [[\(name)]] has no \(setting.name), which is required: \(setting.help)"
            }
            table.place = begin
            result.append(table)
        }
        return result
    }
}
