/// The shape of a JSON value, as much of JSON Schema as our answers need.
indirect enum Schema: Sendable {
    case string
    /// A time in RFC 3339.
    case time
    /// A 64-bit integer.
    case integer
    case number
    case boolean
    /// Any JSON value.
    case any
    case choice([String])
    case array(Schema)
    /// An object whose member names are data.
    case map(Schema)
    case object([Property])
    case nullable(Schema)
    /// A schema with a name of its own in the document.
    case named(String)

    /// A member of an object; almost all are always there, and null where there is nothing.
    struct Property: Sendable {
        let name: String
        let schema: Schema
        let description: String
        let isOptional: Bool

        init(_ name: String, _ schema: Schema, _ description: String = "", optional: Bool = false) {
            self.name = name
            self.schema = schema
            self.description = description
            isOptional = optional
        }
    }

    /// A list with a cursor.
    static func page(_ element: Schema) -> Schema {
        .object([
            Property("data", .array(element)),
            Property("next_cursor", .nullable(.string), "Where the next page begins; null on the last."),
            Property(
                "data_through", .nullable(.time), "The newest time of anything stored: what came after is not in here."),
        ])
    }

    func write(to json: inout JSONWriter, description: String = "") {
        json.beginObject()
        members(&json)
        if !description.isEmpty { json.member("description", description) }
        json.endObject()
    }

    private func members(_ json: inout JSONWriter) {
        switch self {
        case .nullable(.named(let name)):
            json.member("anyOf", json: "[{\"$ref\":\"#/components/schemas/\(name)\"},{\"type\":\"null\"}]")
        case .nullable(let inner):
            json.key("type")
            json.beginArray()
            json.value(inner.typeName)
            json.value("null")
            json.endArray()
            inner.rest(&json, allowingNull: true)
        case .named(let name): json.member("$ref", "#/components/schemas/\(name)")
        case .any: break
        default:
            json.member("type", typeName)
            rest(&json, allowingNull: false)
        }
    }

    private var typeName: String {
        switch self {
        case .string, .time, .choice: "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .array: "array"
        default: "object"
        }
    }

    /// What follows the type.
    private func rest(_ json: inout JSONWriter, allowingNull: Bool) {
        switch self {
        case .time: json.member("format", "date-time")
        case .integer: json.member("format", "int64")
        case .number: json.member("format", "double")
        case .choice(let options):
            json.key("enum")
            json.beginArray()
            for option in options { json.value(option) }
            if allowingNull { json.value(json: "null") }
            json.endArray()
        case .array(let element):
            json.key("items")
            element.write(to: &json)
        case .map(let element):
            json.key("additionalProperties")
            element.write(to: &json)
        case .object(let properties):
            json.key("properties")
            json.beginObject()
            for property in properties {
                json.key(property.name)
                property.schema.write(to: &json, description: property.description)
            }
            json.endObject()
            json.key("required")
            json.beginArray()
            for property in properties where !property.isOptional { json.value(property.name) }
            json.endArray()
            json.member("additionalProperties", false)
        default: break
        }
    }
}
