import Crypto
import HTTP

extension Route {
    static let openAPI = Route(
        method: "GET", pattern: "/api/v1/openapi.json", access: .open, operation: "openapi", tag: "documentation",
        summary: "This document.", answer: .content("application/json")
    ) { _ in
        HTTPResponse(
            status: 200, headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"], body: document)
    }

    static let keys = Route(
        method: "GET", pattern: "/api/v1/auth/keys", access: .open, operation: "keys", tag: "auth",
        summary: "The public keys of the access tokens, as a JWK set (RFC 7517).",
        answer: .content("application/jwk-set+json")
    ) { call in
        HTTPResponse(
            status: 200, headers: ["Content-Type": "application/jwk-set+json"],
            body: Array(SigningKey.jwks(call.context.authority.keys).utf8))
    }

    static let swagger = Route(
        method: "GET", pattern: "/swagger", access: .open, operation: "swagger", tag: "documentation",
        summary: "This document as a page to read and try.", answer: .content("text/html")
    ) { _ in page(SwaggerPage.html, "text/html; charset=utf-8") }

    static let swaggerScript = Route(
        method: "GET", pattern: "/swagger/page.js", access: .open, operation: "swaggerScript", tag: "documentation",
        summary: "The page's script.", answer: .content("text/javascript")
    ) { _ in page(SwaggerPage.script, "text/javascript; charset=utf-8") }

    static let swaggerStyle = Route(
        method: "GET", pattern: "/swagger/page.css", access: .open, operation: "swaggerStyle", tag: "documentation",
        summary: "The page's style.", answer: .content("text/css")
    ) { _ in page(SwaggerPage.style, "text/css; charset=utf-8") }
}

/// Made once; the table does not change.
private let document = OpenAPIDocument.bytes(of: Route.table)

/// Nothing from outside, nothing inline, nowhere to send anything but here.
private func page(_ text: String, _ type: String) -> HTTPResponse {
    HTTPResponse(
        status: 200,
        headers: [
            "Content-Type": type, "Cache-Control": "no-cache",
            "Content-Security-Policy":
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ], body: Array(text.utf8))
}
