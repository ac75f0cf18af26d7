import Codec

/// What `protoc --decode` prints for a message, made from its Swift properties: a property that has no field of its name, or the
/// other way round, makes the two differ.
enum TextFormat {
    static func message(_ value: any Message, indent: String = "") -> String {
        if let column = value as? Column { return self.column(column, indent) }
        return Mirror(reflecting: value).children.map { field(snake($0.label!), $0.value, indent) }.joined()
    }

    static func snake(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    private static func field(_ name: String, _ value: Any, _ indent: String) -> String {
        switch value {
        case let value as String: "\(indent)\(name): \"\(value)\"\n"
        case let value as [UInt8]: "\(indent)\(name): \"\(value.map(escaped).joined())\"\n"
        case let value as [Quality]: field(name, value.map(\.rawValue), indent)
        case let value as any Message:
            "\(indent)\(name) {\n\(message(value, indent: indent + "  "))\(indent)}\n"
        case let value as [any Message]: value.map { field(name, $0, indent) }.joined()
        case let value as Finding.State: "\(indent)\(name): FINDING_STATE_\(upper(value))\n"
        case let value as AlertEvent.Kind: "\(indent)\(name): ALERT_EVENT_KIND_\(upper(value))\n"
        case let value as AlertEvent.State: "\(indent)\(name): ALERT_STATE_\(upper(value))\n"
        case let value as AlertEvent.DeliveryStatus: "\(indent)\(name): DELIVERY_STATUS_\(upper(value))\n"
        case let value as Unit: value == .none ? "" : "\(indent)\(name): UNIT_\(upper(value))\n"
        case let value as ColumnKind: "\(indent)\(name): COLUMN_KIND_\(upper(value))\n"
        case let value as ValueType: "\(indent)\(name): VALUE_TYPE_\(upper(value))\n"
        default: "\(indent)\(name): \(value)\n"
        }
    }

    private static func column(_ column: Column, _ indent: String) -> String {
        var text = field("name", column.name, indent) + field("kind", column.kind, indent)
        text += field("unit", column.unit, indent) + field("type", column.values.type, indent)
        switch column.values {
        case .strings(let dictionary, let indexes):
            let numbers = dictionary.compactMap { $0.count == 16 ? UInt64($0, radix: 16) : nil }
            if numbers.count == dictionary.count {
                return text + indexes.map { field("hexadecimals", numbers[Int($0)], indent) }.joined()
            }
            text += dictionary.map { field("dictionary", $0, indent) }.joined()
            text += indexes.map { field("indexes", $0, indent) }.joined()
        case .integers(let values):
            let name = column.kind == .label ? "wide_integers" : "integers"
            text += values.map { field(name, $0, indent) }.joined()
        case .doubles(let values): text += values.map { field("doubles", $0, indent) }.joined()
        }
        if let nulls = column.nulls { text += field("nulls", nulls.bytes, indent) }
        return text
    }

    private static func upper(_ value: Any) -> String { snake("\(value)").uppercased() }

    private static func escaped(_ byte: UInt8) -> String {
        (32..<127).contains(byte)
            ? String(UnicodeScalar(byte)) : "\\" + String(1_000 + Int(String(byte, radix: 8))!).dropFirst()
    }
}
