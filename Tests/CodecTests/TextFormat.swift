@testable import Codec

/// What `protoc --decode` prints for a message, made from its Swift properties: a property that has no field of its name, or the
/// other way round, makes the two differ.
enum TextFormat {
    static func message(_ value: any Message, indent: String = "") -> String {
        if let table = value as? Table { return self.table(table, indent) }
        return Mirror(reflecting: value).children.map { field(snake($0.label!), $0.value, indent) }.joined()
    }

    static func snake(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    private static func field(_ name: String, _ value: Any, _ indent: String) -> String {
        switch value {
        case let value as String: "\(indent)\(name): \"\(value)\"\n"
        // An empty array passes for one of anything; none of these fields is written when empty.
        case let value as [UInt8]: value.isEmpty ? "" : "\(indent)\(name): \"\(value.map(escaped).joined())\"\n"
        case let value as [String]: value.map { field(name, $0, indent) }.joined()
        case let value as [UInt32]: value.map { field(name, $0, indent) }.joined()
        case let value as [UInt64]: value.map { field(name, $0, indent) }.joined()
        case let value as [Int64]: value.map { field(name, $0, indent) }.joined()
        case let value as [Double]: value.map { field(name, $0, indent) }.joined()
        case let value as [UInt8]?: value.map { field(name, $0, indent) } ?? ""
        case let value as [Quality]: field(name, value.map(\.rawValue), indent)
        case let value as [ColumnKind]: value.map { field(name, $0, indent) }.joined()
        case let value as [ValueType]: value.map { field(name, $0, indent) }.joined()
        // The default is left out of a single field, but not of a list.
        case let value as [Unit]: value.map { "\(indent)\(name): UNIT_\(upper($0))\n" }.joined()
        case let value as any Message:
            "\(indent)\(name) {\n\(message(value, indent: indent + "  "))\(indent)}\n"
        case let value as [any Message]: value.map { field(name, $0, indent) }.joined()
        case let value as Finding.State: "\(indent)\(name): FINDING_STATE_\(upper(value))\n"
        case let value as AlertEvent.Kind: "\(indent)\(name): ALERT_EVENT_KIND_\(upper(value))\n"
        case let value as AlertEvent.State: "\(indent)\(name): ALERT_STATE_\(upper(value))\n"
        case let value as AlertEvent.DeliveryStatus: "\(indent)\(name): DELIVERY_STATUS_\(upper(value))\n"
        // Unlike the other numbers, not set in every sample of its message.
        case 0 as UInt32 where name == "significant_bits": ""
        case let value as Unit: value == .none ? "" : "\(indent)\(name): UNIT_\(upper(value))\n"
        case let value as ColumnKind: "\(indent)\(name): COLUMN_KIND_\(upper(value))\n"
        case let value as ValueType: "\(indent)\(name): VALUE_TYPE_\(upper(value))\n"
        default: "\(indent)\(name): \(value)\n"
        }
    }

    /// A table's columns are two lists on the wire.
    private static func table(_ table: Table, _ indent: String) -> String {
        var text = ""
        for child in Mirror(reflecting: table).children where child.label != "quality" {
            let value: Any = child.label == "columns" ? ColumnHeaders(table.columns) : child.value
            text += field(snake(child.label!), value, indent)
        }
        if let quality = table.quality { text += field("quality", quality, indent) }
        return text + field("values", table.columns.map { ColumnValues($0, leavesOutZeros: $0.isZero) }, indent)
    }

    private static func upper(_ value: Any) -> String { snake("\(value)").uppercased() }

    private static func escaped(_ byte: UInt8) -> String {
        (32..<127).contains(byte)
            ? String(UnicodeScalar(byte)) : "\\" + String(1_000 + Int(String(byte, radix: 8))!).dropFirst()
    }
}
