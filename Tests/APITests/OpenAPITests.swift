import Foundation
import Testing

@testable import API

@Suite struct OpenAPITests {
    private func document() throws -> [String: Any] {
        let bytes = OpenAPIDocument.bytes(of: Route.table)
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    /// The file beside the code, which people read and diff. `UPDATE_OPENAPI=1` writes it anew.
    @Test func `The file is what the table makes`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Services/API/OpenAPI/openapi.json")
        let made = try JSONSerialization.data(
            withJSONObject: try document(), options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        if ProcessInfo.processInfo.environment["UPDATE_OPENAPI"] != nil { try (made + Data("\n".utf8)).write(to: file) }
        let written = try JSONSerialization.jsonObject(with: try Data(contentsOf: file)) as? NSDictionary
        #expect(
            written == (try document()) as NSDictionary,
            "run the tests with UPDATE_OPENAPI=1 and look at the difference")
    }

    @Test func `Every route is in the document and the other way round`() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let documented = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        #expect(documented == Set(Route.table.map { "\($0.method) \($0.pattern)" }))
    }

    @Test func `Parameters, security and statuses are those that are checked`() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: [String: Any]]])
        for route in Route.table {
            let operation = try #require(paths[route.pattern]?[route.method.lowercased()])
            let parameters = operation["parameters"] as? [[String: Any]] ?? []
            #expect(parameters.map { $0["name"] as? String } == route.parameters.map(\.name))
            for segment in route.segments {
                if case .value(let name) = segment {
                    #expect(parameters.contains { $0["name"] as? String == name && $0["in"] as? String == "path" })
                }
            }
            let security = try #require(operation["security"] as? [[String: Any]])
            #expect(security.isEmpty == (route.access == .open), "\(route.pattern)")
            let responses = try #require(operation["responses"] as? [String: Any])
            #expect(responses["200"] != nil && responses["503"] != nil)
            if case .role = route.access { #expect(responses["401"] != nil && responses["403"] != nil) }
            #expect((operation["requestBody"] != nil) == (route.body != nil))
        }
    }

    @Test func `Every reference leads somewhere`() throws {
        let text = String(decoding: OpenAPIDocument.bytes(of: Route.table), as: UTF8.self)
        let names = Set(Schema.components.map(\.name))
        for piece in text.split(separator: "#/components/schemas/").dropFirst() {
            #expect(names.contains(String(piece.prefix { $0.isLetter })))
        }
    }

    @Test func `The page loads nothing from elsewhere and holds nothing inline`() {
        for text in [SwaggerPage.html, SwaggerPage.script, SwaggerPage.style] {
            #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"))
            #expect(!text.contains("innerHTML") && !text.contains("eval(") && !text.contains("onclick"))
        }
        #expect(!SwaggerPage.html.contains("<style") && !SwaggerPage.html.contains("style="))
        #expect(!SwaggerPage.html.contains("<script>"))
    }
}
