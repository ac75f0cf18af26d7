import HTTP

/// An error as it is answered: RFC 9457's problem details with what, where and remedy, never SQL nor a stack.
struct Problem: Error, Sendable, Equatable {
    /// The status code.
    var status: Int
    /// A name for programs, stable; the last part of `type`.
    var code: String
    /// The same in words, the same for every occurrence.
    var title: String
    /// What happened this time.
    var detail: String
    /// Which part of the request is meant: `query from`, `body password`.
    var place: String?
    /// What to do.
    var remedy: String?
    /// Fields to send along.
    var headers: HTTPHeaders = [:]

    /// The response; `path` and `requestID` let a person find it in the log.
    func response(path: String, requestID: String) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "urn:pganalytics:problem:" + code)
        json.member("title", title)
        json.member("status", status)
        json.member("detail", detail)
        json.member("instance", path)
        if let place { json.member("where", place) }
        if let remedy { json.member("remedy", remedy) }
        json.member("request_id", requestID)
        json.endObject()
        var response = HTTPResponse(status: status, headers: headers, body: json.bytes)
        response.headers["Content-Type"] = "application/problem+json"
        return response
    }
}

extension Problem {
    static func badParameter(_ name: String, _ detail: String, remedy: String? = nil) -> Problem {
        Problem(
            status: 400, code: "bad-parameter", title: "A parameter is not valid", detail: detail,
            place: "query \(name)",
            remedy: remedy)
    }

    static func badBody(_ detail: String, place: String = "body") -> Problem {
        Problem(
            status: 400, code: "bad-body", title: "The body is not valid", detail: detail, place: place,
            remedy: "Send what the OpenAPI document describes for this operation.")
    }

    static func malformed(_ detail: String) -> Problem {
        Problem(
            status: 400, code: "malformed-request", title: "The request is not valid HTTP", detail: detail,
            remedy: "Send the request with another client or library.")
    }

    static let unauthenticated = Problem(
        status: 401, code: "unauthenticated", title: "Sign in first",
        detail: "The request has no access token, or one that is not valid or no longer.",
        place: "header Authorization",
        remedy: "POST /api/v1/auth/login and send the token as \"Authorization: Bearer …\".",
        headers: ["WWW-Authenticate": "Bearer realm=\"pganalytics\""])

    /// The same for a user that is not there, a wrong password and a disabled account.
    static let wrongCredentials = Problem(
        status: 401, code: "wrong-credentials", title: "Name or password is wrong",
        detail: "No active user has this name and password.", place: "body",
        remedy: "Check both; an administrator can set a new password with \"pganalytics-api users passwd\".",
        headers: ["WWW-Authenticate": "Bearer realm=\"pganalytics\""])

    static func forbidden(needs role: Role) -> Problem {
        Problem(
            status: 403, code: "forbidden", title: "The role does not allow this",
            detail: "This operation needs the role \(role.rawValue).", remedy: "Ask an administrator for that role.")
    }

    static func notFound(_ detail: String, remedy: String) -> Problem {
        Problem(status: 404, code: "not-found", title: "There is no such thing", detail: detail, remedy: remedy)
    }

    static func methodNotAllowed(_ method: String, allowed: String) -> Problem {
        Problem(
            status: 405, code: "method-not-allowed", title: "The path has no such method",
            detail: "\(method.prefix(20)) is not among \(allowed).", remedy: "Use one of \(allowed).",
            headers: ["Allow": allowed])
    }

    static let unsupportedMediaType = Problem(
        status: 415, code: "unsupported-media-type", title: "The body's type is not understood",
        detail: "The body must be JSON.", place: "header Content-Type", remedy: "Send Content-Type: application/json.")

    static func tooLarge(_ detail: String) -> Problem {
        Problem(
            status: 413, code: "too-large", title: "The request is too large", detail: detail,
            remedy: "Send a smaller body.")
    }

    static func tooMuch(_ detail: String, place: String, remedy: String) -> Problem {
        Problem(
            status: 400, code: "too-much", title: "The answer would be too large", detail: detail, place: place,
            remedy: remedy)
    }

    /// Two deltas of 2⁶² are enough; no server counts that far, a broken one can say so.
    static let sumTooLarge = tooMuch(
        "A sum over the range does not fit into 64 bits: a reading in it is broken.", place: "query from",
        remedy: "Ask for a range without that reading.")

    static func tooManyAttempts(retryAfter seconds: Int) -> Problem {
        Problem(
            status: 429, code: "too-many-attempts", title: "Too many failed attempts",
            detail: "There were too many failed attempts to sign in.", remedy: "Wait \(seconds) seconds.",
            headers: ["Retry-After": String(seconds)])
    }

    static let busy = Problem(
        status: 503, code: "busy", title: "Too busy", detail: "Too many requests of this kind are under way.",
        remedy: "Repeat the request after a second.", headers: ["Retry-After": "1"])

    static let databaseAway = Problem(
        status: 503, code: "database-away", title: "The database does not answer",
        detail: "The storage database cannot be reached at the moment, or all connections to it are in use.",
        remedy: "Repeat the request; /api/v1/health says when it is back.", headers: ["Retry-After": "5"])

    static let queryTimeout = Problem(
        status: 503, code: "query-timeout", title: "The answer took too long",
        detail: "The database did not finish in the time allowed.", remedy: "Ask for a shorter range or fewer series.",
        headers: ["Retry-After": "5"])

    static let schemaMissing = Problem(
        status: 503, code: "schema-missing", title: "The database is not set up",
        detail: "A table, view or right that this needs is not there.",
        remedy: "Run \"pganalytics migrate up\" with the newest release.", headers: ["Retry-After": "30"])

    static func unavailable(_ detail: String) -> Problem {
        Problem(
            status: 503, code: "unavailable", title: "The server cannot answer", detail: detail,
            remedy: "Repeat the request.", headers: ["Retry-After": "1"])
    }

    static let internalError = Problem(
        status: 500, code: "internal", title: "Something went wrong here",
        detail: "The request could not be answered; the log has the reason under the request's id.",
        remedy: "Report it with the request_id.")
}
