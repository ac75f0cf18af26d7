import CTOML

/// A value of a TOML document and where it stands.
struct TOMLValue {
    struct Place: Hashable {
        let line: Int
        let column: Int
    }

    enum Content {
        case string(String)
        case integer(String)
        case float(String)
        case boolean(Bool)
        case time(String)
        case array([TOMLValue])
        case table([(key: String, place: Place, value: TOMLValue)])
    }

    let place: Place
    let content: Content

    /// What kind of value it is, as one says it.
    var kind: String {
        switch content {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a float"
        case .boolean: "a boolean"
        case .time: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }

    /// The document's table; `name` is the file's, for the error.
    static func parse(_ text: String, name: String) throws(SettingsError) -> TOMLValue {
        var text = text
        let parsed = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { pga_toml_parse($0.baseAddress, $0.count) }
        }
        guard let document = parsed else {
            throw SettingsError(.malformed, "\(name): there is not enough memory to read it")
        }
        defer { pga_toml_free(document) }
        var line: UInt32 = 0
        var column: UInt32 = 0
        if let error = pga_toml_error(document, &line, &column) {
            let description = String(cString: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            throw SettingsError(.malformed, "\(name):\(line):\(column): this is not TOML: \(description)")
        }
        var count = 0
        let events = pga_toml_events(document, &count)
        var rest = UnsafeBufferPointer(start: events, count: count)[...]
        return take(&rest).value
    }

    private static func take(
        _ rest: inout Slice<UnsafeBufferPointer<pga_toml_event>>
    ) -> (key: String, place: Place, value: TOMLValue) {
        let event = rest.removeFirst()
        let text = event.text.map { string($0, event.text_length) } ?? ""
        let content: Content
        switch event.kind {
        case PGA_TOML_TABLE_BEGIN:
            var entries: [(key: String, place: Place, value: TOMLValue)] = []
            while let next = rest.first, next.kind != PGA_TOML_TABLE_END { entries.append(take(&rest)) }
            rest.removeFirst()
            content = .table(entries)
        case PGA_TOML_ARRAY_BEGIN:
            var values: [TOMLValue] = []
            while let next = rest.first, next.kind != PGA_TOML_ARRAY_END { values.append(take(&rest).value) }
            rest.removeFirst()
            content = .array(values)
        case PGA_TOML_STRING: content = .string(text)
        case PGA_TOML_INTEGER: content = .integer(text)
        case PGA_TOML_FLOAT: content = .float(text)
        case PGA_TOML_BOOLEAN: content = .boolean(event.boolean != 0)
        default: content = .time(text)
        }
        return (
            event.key.map { string($0, event.key_length) } ?? "",
            Place(line: Int(event.key_line), column: Int(event.key_column)),
            TOMLValue(place: Place(line: Int(event.line), column: Int(event.column)), content: content)
        )
    }

    private static func string(_ pointer: UnsafePointer<CChar>, _ length: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: pointer, count: length), as: UTF8.self)
    }
}
