/// A value as it was given, and where.
struct SettingSource {
    enum Raw {
        case text(String)
        case toml(TOMLValue)
        /// The path of the file that holds a secret, read only when no stronger place gives another.
        case file(String)
    }

    let raw: Raw
    let place: String

    /// The value in its type.
    func value(of setting: Setting) throws(SettingsError) -> SettingValue {
        do {
            switch raw {
            case .text(let text): return try SettingValue.parse(text, setting)
            case .toml(let value): return try SettingSource.value(value, setting)
            case .file(let path): return try SettingValue.parse(try content(of: path, setting.name), setting)
            }
        } catch let error as SettingsError {
            throw error
        } catch let error as SettingValue.Wanted {
            let shown = setting.isSecret ? "what is given there" : self.shown
            throw SettingsError(.invalid, "\(place): \(setting.name) cannot be \(shown): give \(error.text)")
        } catch {
            preconditionFailure("Reading a setting fails in two ways only.")
        }
    }

    /// The value in an open section, which has no type.
    func text(of name: String) throws(SettingsError) -> String {
        switch raw {
        case .text(let text): text
        case .toml(let value): value.passedThrough ?? ""
        case .file(let path): try content(of: path, name)
        }
    }

    /// The content of a secret's file, without the line feed that an editor puts at its end.
    private func content(of path: String, _ name: String) throws(SettingsError) -> String {
        switch File.read(path, limit: 1 << 20) {
        case .failure(let error):
            throw SettingsError(.unreadable, "\(place): the file of \(name) cannot be read: \(error.message)")
        case .success(let bytes):
            var text = String(decoding: bytes, as: UTF8.self)
            if let last = text.last, last.isNewline { text.removeLast() }
            if text.isEmpty {
                throw SettingsError(.invalid, "\(place): the file of \(name) is empty: \(path)")
            }
            return text
        }
    }

    /// The value as a secret's file names it: one that can only be a string.
    func path(of name: String) throws(SettingsError) -> String {
        switch raw {
        case .text(let text), .file(let text): return text
        case .toml(let value):
            if case .string(let text) = value.content { return text }
            throw SettingsError(.invalid, "\(place): \(name) cannot be \(value.kind): give the path of a file")
        }
    }

    private var shown: String {
        switch raw {
        case .text(let text), .file(let text): return "\"\(text)\""
        case .toml(let value):
            switch value.content {
            case .string(let text): return "\"\(text)\""
            case .integer(let text), .float(let text), .time(let text): return text
            case .boolean(let truth): return String(truth)
            case .array, .table: return value.kind
            }
        }
    }

    private static func value(_ value: TOMLValue, _ setting: Setting) throws(SettingValue.Wanted) -> SettingValue {
        switch (setting.type, value.content) {
        case (.list, .array(let values)):
            var parts: [String] = []
            for value in values {
                guard case .string(let text) = value.content else { throw SettingValue.Wanted("an array of strings") }
                parts.append(text)
            }
            return .list(try SettingValue.allowed(parts, setting))
        case (.list, _): throw SettingValue.Wanted("an array of strings, as in [\"a\", \"b\"]")
        case (_, .string(let text)): return try SettingValue.parse(text, setting)
        case (.string, .integer(let text)), (.string, .float(let text)), (.string, .time(let text)):
            throw SettingValue.Wanted("a string: put it in quotes, \"\(setting.isSecret ? "…" : text)\"")
        case (.integer, .integer(let text)), (.bytes, .integer(let text)), (.double, .integer(let text)),
            (.double, .float(let text)):
            return try SettingValue.parse(text, setting)
        case (.boolean, .boolean(let truth)): return .boolean(truth)
        default:
            // The wrong kind of value: what the type wants is what it says of a text that is none.
            _ = try SettingValue.parse("\u{0}", setting)
            throw SettingValue.Wanted("a string")
        }
    }
}

extension TOMLValue {
    /// A scalar as text, for a section that passes everything through.
    var passedThrough: String? {
        switch content {
        case .string(let text), .integer(let text), .float(let text), .time(let text): text
        case .boolean(let truth): String(truth)
        case .array(let values):
            values.allSatisfy({ $0.passedThrough != nil })
                ? values.map { $0.passedThrough! }.joined(separator: ",") : nil
        case .table: nil
        }
    }
}
