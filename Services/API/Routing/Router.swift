import Crypto
import HTTP
import Postgres
import Runtime

/// Finds the route, lets in who may, checks what was sent, and turns whatever goes wrong into a problem.
struct Router: Sendable {
    let routes: [Route]
    let context: APIContext

    /// Answers a request; never throws, never says more than it should.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let requestID = Self.requestID(request)
        var response: HTTPResponse
        do {
            response = try await dispatch(request, requestID)
        } catch {
            response = problem(error, request, requestID).response(path: request.path, requestID: requestID)
        }
        Self.addSecurityHeaders(&response, requestID)
        return response
    }

    private func dispatch(_ request: HTTPRequest, _ requestID: String) async throws -> HTTPResponse {
        let here = routes.compactMap { route in route.match(request.segments).map { (route: route, path: $0) } }
        guard !here.isEmpty else {
            throw Problem.notFound(
                "There is no such path.", remedy: "GET /api/v1/openapi.json lists every path; /swagger shows them.")
        }
        // libmicrohttpd leaves the body of the answer out for HEAD.
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let found = here.first(where: { $0.route.method == method }) else {
            var methods = Set(here.map(\.route.method))
            if methods.contains("GET") { methods.insert("HEAD") }
            throw Problem.methodNotAllowed(request.method, allowed: methods.sorted().joined(separator: ", "))
        }
        let account = try await admit(request, found.route.access)
        let parameters = try Parameters(found.route.parameters, query: request.query, path: found.path)
        try checkBody(request, found.route)
        return try await found.route.handler(
            Call(
                request: request, parameters: parameters, account: account, requestID: requestID, context: context,
                now: context.clock()))
    }

    /// Who asks, when that one may; an open route asks nobody.
    private func admit(_ request: HTTPRequest, _ access: Route.Access) async throws -> Account? {
        guard case .role(let needed) = access else { return nil }
        let fields = request.headers.all("Authorization")
        guard fields.count == 1, let token = Self.bearer(fields[0]),
            let claims = try? context.authority.verify(token, now: context.clock() / 1_000_000)
        else { throw Problem.unauthenticated }
        guard let account = try await context.directory.account(claims.subject), !account.isDisabled,
            claims.extra["ver"] == String(account.tokenVersion)
        else { throw Problem.unauthenticated }
        guard account.role >= needed else { throw Problem.forbidden(needs: needed) }
        return account
    }

    private static func bearer(_ field: String) -> String? {
        let parts = field.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private func checkBody(_ request: HTTPRequest, _ route: Route) throws(Problem) {
        guard route.body != nil else {
            guard request.body.isEmpty else { throw .badBody("This operation takes no body.") }
            return
        }
        let type = request.headers["Content-Type"]?.split(separator: ";").first?.lowercased()
            .filter { $0 != " " && $0 != "\t" }
        guard type == "application/json" else { throw .unsupportedMediaType }
    }

    private func problem(_ error: any Error, _ request: HTTPRequest, _ requestID: String) -> Problem {
        if let problem = error as? Problem { return problem }
        let logger = context.logger.with([
            .requestID: .string(requestID), .requestMethod: .string(request.method),
            .requestPath: .string(request.path),
        ])
        if let failure = error as? Storage.Failure {
            logger.warning(
                "The database failed a request",
                [.errorCode: .string(failure.error.code.description), .errorMessage: .string(failure.error.message)])
            return failure.problem
        }
        if error is CancellationError { return .unavailable("The request was given up.") }
        logger.error("A request failed", [.errorMessage: .string(String(describing: error))])
        return .internalError
    }

    /// The client's own id when it is one, else a new one.
    private static func requestID(_ request: HTTPRequest) -> String {
        if let given = request.headers["X-Request-Id"], (1...64).contains(given.utf8.count),
            given.utf8.allSatisfy({
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
                    || $0 == 46
            })
        {
            return given
        }
        return Random.hex(8)
    }

    /// What every answer carries. Pages that need more of the browser set their own policy.
    static func addSecurityHeaders(_ response: inout HTTPResponse, _ requestID: String) {
        func set(_ name: String, _ value: String) {
            if response.headers[name] == nil { response.headers[name] = value }
        }
        set("X-Request-Id", requestID)
        set("X-Content-Type-Options", "nosniff")
        set("X-Frame-Options", "DENY")
        set("Referrer-Policy", "no-referrer")
        set("Cross-Origin-Resource-Policy", "same-origin")
        set("Cross-Origin-Opener-Policy", "same-origin")
        set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        // Answers are somebody's: no proxy may keep them.
        set("Cache-Control", "no-store")
    }
}
