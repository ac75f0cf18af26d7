import Codec
import HTTP

extension Route {
    static let families = Route(
        method: "GET", pattern: "/api/v1/families", access: .role(.viewer), operation: "listFamilies", tag: "metrics",
        summary: "The metric families, their labels and values, with units and the names Prometheus has for them.",
        answer: .json(.object([.init("data", .array(.named("Family")))])), handler: answerFamilies)
}

private func answerFamilies(_ call: Call) async throws -> HTTPResponse {
    var json = JSONWriter(reserving: 32 * 1024)
    json.beginObject()
    json.key("data")
    json.beginArray()
    for family in Catalogue.families {
        json.beginObject()
        json.member("name", family.name)
        json.member("kind", family.kind.rawValue)
        json.member("interval_seconds", family.intervalSeconds)
        json.member("description", family.description)
        json.key("columns")
        json.beginArray()
        for column in family.columns {
            json.beginObject()
            json.member("name", column.name)
            json.member("kind", String(describing: column.kind))
            json.member("type", String(describing: column.type))
            json.member("unit", String(describing: column.unit))
            json.member("prometheus_name", column.prometheusName)
            json.member("description", column.description)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
    json.endArray()
    json.endObject()
    return call.json(json)
}
