/// The OpenAPI 3.1 document, made of the route table, so that a route cannot be there without its description.
enum OpenAPIDocument {
    /// The document for these routes.
    static func bytes(of routes: [Route]) -> [UInt8] {
        var json = JSONWriter(reserving: 64 * 1024)
        json.beginObject()
        json.member("openapi", "3.1.0")
        json.key("info")
        json.beginObject()
        json.member("title", "pgAnalytics")
        json.member("version", API.version)
        json.member(
            "description",
            """
            What the fleet's PostgreSQL servers do and did. Ranges of time are (from, to]. Every answer says through when \
            its data is complete (`data_through`); what is missing is null or listed as a gap, never zero. Integers are 64 \
            bits wide and written as JSON numbers with all their digits: a reader that knows only doubles (JavaScript's \
            JSON.parse) rounds those beyond 2^53, such as `queryid`. Errors are problem details (RFC 9457).
            """)
        json.endObject()
        json.key("paths")
        json.beginObject()
        var patterns: [String] = []
        for route in routes where !patterns.contains(route.pattern) { patterns.append(route.pattern) }
        for pattern in patterns {
            json.key(pattern)
            json.beginObject()
            for route in routes where route.pattern == pattern { write(route, &json) }
            json.endObject()
        }
        json.endObject()
        writeComponents(&json)
        json.endObject()
        return json.bytes
    }

    private static func write(_ route: Route, _ json: inout JSONWriter) {
        json.key(route.method.lowercased())
        json.beginObject()
        json.member("operationId", route.operation)
        json.member("tags", json: "[\"\(route.tag)\"]")
        json.member("summary", route.summary)
        if !route.description.isEmpty { json.member("description", route.description) }
        if case .role(let role) = route.access {
            json.member("security", json: "[{\"token\":[]}]")
            json.member("x-role", role.rawValue)
        } else {
            json.member("security", json: "[]")
        }
        if !route.parameters.isEmpty {
            json.key("parameters")
            json.beginArray()
            for parameter in route.parameters { write(parameter, in: route, &json) }
            json.endArray()
        }
        if let body = route.body {
            json.key("requestBody")
            json.beginObject()
            json.member("required", true)
            writeContent("application/json", body, &json)
            json.endObject()
        }
        writeResponses(route, &json)
        json.endObject()
    }

    private static func write(_ parameter: Parameter, in route: Route, _ json: inout JSONWriter) {
        let isInPath = route.segments.contains(.value(parameter.name))
        json.beginObject()
        json.member("name", parameter.name)
        json.member("in", isInPath ? "path" : "query")
        if parameter.isRequired { json.member("required", true) }
        json.member("description", parameter.description)
        json.key("schema")
        json.beginObject()
        switch parameter.kind {
        case .text(let longest):
            json.member("type", "string")
            json.member("minLength", 1)
            json.member("maxLength", longest)
        case .integer(let range):
            json.member("type", "integer")
            json.member("minimum", range.lowerBound)
            json.member("maximum", range.upperBound)
        case .boolean: json.member("type", "boolean")
        case .time:
            json.member("type", "string")
            json.member(
                "pattern",
                #"^([0-9]{1,11}(\.[0-9]{1,9})?|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))$"#
            )
        case .duration:
            json.member("type", "string")
            json.member("pattern", "^[1-9][0-9]{0,6}(ms|s|m|h|d)?$")
        case .choice(let options):
            json.member("type", "string")
            json.key("enum")
            json.beginArray()
            for option in options { json.value(option) }
            json.endArray()
        case .cursor:
            json.member("type", "string")
            json.member("pattern", "^[A-Za-z0-9_-]+$")
        case .pairs:
            json.member("type", "array")
            json.member("items", json: #"{"type":"string","pattern":"^[^=]+=.*$"}"#)
        }
        if let fallback = parameter.fallback {
            json.key("default")
            switch parameter.kind {
            case .integer, .boolean: json.value(json: fallback)
            default: json.value(fallback)
            }
        }
        json.endObject()
        json.endObject()
    }

    private static func writeContent(_ type: String, _ schema: Schema?, _ json: inout JSONWriter) {
        json.key("content")
        json.beginObject()
        json.key(type)
        json.beginObject()
        if let schema {
            json.key("schema")
            schema.write(to: &json)
        }
        json.endObject()
        json.endObject()
    }

    private static func writeResponses(_ route: Route, _ json: inout JSONWriter) {
        json.key("responses")
        json.beginObject()
        json.key("200")
        json.beginObject()
        json.member("description", "The answer.")
        switch route.answer {
        case .json(let schema): writeContent("application/json", schema, &json)
        case .content(let type): writeContent(type, nil, &json)
        }
        json.endObject()
        for status in statuses(of: route) {
            json.key(String(status))
            json.beginObject()
            json.member("description", description(of: status))
            writeContent("application/problem+json", .named("Problem"), &json)
            json.endObject()
        }
        json.endObject()
    }

    /// Every status besides 200 that the route can answer.
    static func statuses(of route: Route) -> [Int] {
        var statuses: Set<Int> = [400, 405, 500, 503]
        if case .role = route.access { statuses.formUnion([401, 403]) }
        if route.body != nil { statuses.formUnion([413, 415]) }
        return statuses.union(route.problems).sorted()
    }

    private static func description(of status: Int) -> String {
        switch status {
        case 400: "The request is not valid; the problem says where."
        case 401: "Not signed in, or wrong credentials."
        case 403: "The role does not allow it."
        case 404: "There is no such thing."
        case 405: "The path has no such method; Allow says which it has."
        case 413: "The body is too large."
        case 415: "The body is not JSON."
        case 429: "Too many failed attempts; Retry-After says how long to wait."
        case 503: "The database is away or too slow; Retry-After says when to try again."
        default: "Something went wrong; the log has the reason under the request's id."
        }
    }

    private static func writeComponents(_ json: inout JSONWriter) {
        json.key("components")
        json.beginObject()
        json.key("schemas")
        json.beginObject()
        for (name, schema) in Schema.components {
            json.key(name)
            schema.write(to: &json)
        }
        json.endObject()
        json.key("securitySchemes")
        json.beginObject()
        json.key("token")
        json.beginObject()
        json.member("type", "http")
        json.member("scheme", "bearer")
        json.member("bearerFormat", "JWT")
        json.endObject()
        json.endObject()
        json.endObject()
    }
}
