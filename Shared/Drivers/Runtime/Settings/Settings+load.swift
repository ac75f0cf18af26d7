extension Settings {
    /// Reads the settings of a service from all four places.
    ///
    /// - Parameters:
    ///   - arguments: What `--set section.key=value` gave, by name.
    ///   - environment: The variables; `PGA_SECTION_KEY`, the aliases, and for a secret `…_FILE`.
    ///   - file: The path of the TOML file, if there is one.
    ///   - requiring: The sections whose required keys have to be there; nil means all.
    /// - Throws: A ``SettingsError`` whose one line says what, where and what to do.
    public static func load(
        _ schema: SettingsSchema, arguments: [String: String] = [:],
        environment: [String: String] = ProcessEnvironment.all, file: String?, requiring: [String]? = nil
    ) throws(SettingsError) -> Settings {
        guard let file else {
            return try load(schema, document: nil, arguments: arguments, environment: environment, requiring: requiring)
        }
        switch File.read(file) {
        case .failure(let error):
            throw SettingsError(.unreadable, "the settings file cannot be read: \(error.message)")
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw SettingsError(.malformed, "\(file): this is not TOML: it is not UTF-8")
            }
            return try load(
                schema, toml: text, name: file, arguments: arguments,
                environment: environment, requiring: requiring)
        }
    }

    /// Reads the settings of a service from a TOML text that is called `name` in errors, and from the other places.
    public static func load(
        _ schema: SettingsSchema, toml: String, name: String = "settings.toml", arguments: [String: String] = [:],
        environment: [String: String] = [:], requiring: [String]? = nil
    ) throws(SettingsError) -> Settings {
        try load(
            schema, document: (name, TOMLValue.parse(toml, name: name)), arguments: arguments,
            environment: environment, requiring: requiring)
    }

    private static func load(
        _ schema: SettingsSchema, document: (name: String, value: TOMLValue)?, arguments: [String: String],
        environment: [String: String], requiring: [String]?
    ) throws(SettingsError) -> Settings {
        var loader = SettingsLoader(schema)
        // From the weakest place to the strongest: what comes later replaces what was there.
        if let document { try loader.take(document.value, file: document.name) }
        try loader.take(environment: environment)
        try loader.take(arguments: arguments)
        return try loader.finish(requiring: requiring, file: document?.name)
    }
}
