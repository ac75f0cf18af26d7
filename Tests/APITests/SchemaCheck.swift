import Foundation

@testable import API

/// Holds a JSON value to a schema: the document's promises are checked against what is really answered.
enum SchemaCheck {
    static func faults(_ value: Any, _ schema: Schema, at place: String = "$") -> [String] {
        switch schema {
        case .any: return []
        case .named(let name):
            guard let found = Schema.components.first(where: { $0.name == name }) else {
                return ["\(place): no schema \(name)"]
            }
            return faults(value, found.schema, at: place)
        case .nullable(let inner): return value is NSNull ? [] : faults(value, inner, at: place)
        case .string: return value is String ? [] : ["\(place) is not a string: \(value)"]
        case .time:
            guard let text = value as? String, RFC3339.parse(text) != nil else {
                return ["\(place) is not a time: \(value)"]
            }
            return []
        case .choice(let options):
            return options.contains(value as? String ?? "\u{0}") ? [] : ["\(place) is not one of \(options): \(value)"]
        case .boolean: return isBoolean(value) ? [] : ["\(place) is not a boolean: \(value)"]
        case .integer:
            guard let number = value as? NSNumber, !isBoolean(value), number as? Int64 != nil else {
                return ["\(place) is not an integer: \(value)"]
            }
            return []
        case .number: return value is NSNumber && !isBoolean(value) ? [] : ["\(place) is not a number: \(value)"]
        case .array(let element):
            guard let array = value as? [Any] else { return ["\(place) is not an array: \(value)"] }
            return array.enumerated().flatMap { faults($1, element, at: "\(place)[\($0)]") }
        case .map(let element):
            guard let object = value as? [String: Any] else { return ["\(place) is not an object: \(value)"] }
            return object.flatMap { faults($1, element, at: "\(place).\($0)") }
        case .object(let properties):
            guard let object = value as? [String: Any] else { return ["\(place) is not an object: \(value)"] }
            let unknown = Set(object.keys).subtracting(properties.map(\.name)).sorted()
            return unknown.map { "\(place).\($0) is not in the schema" }
                + properties.flatMap { property in
                    object[property.name].map { faults($0, property.schema, at: "\(place).\(property.name)") }
                        ?? (property.isOptional ? [] : ["\(place).\(property.name) is missing"])
                }
        }
    }

    private static func isBoolean(_ value: Any) -> Bool {
        guard let number = value as? NSNumber else { return false }
        return ["c", "B"].contains(String(cString: number.objCType))
    }
}
