import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Runtime
import Synchronization

extension Route {
    static let login = Route(
        method: "POST", pattern: "/api/v1/auth/login", access: .open, operation: "login", tag: "auth",
        summary: "Sign in with name and password; answers a short-lived access token.",
        description: """
            The token goes into the header Authorization of every other request, as "Bearer …". An unknown name, a wrong \
            password and a disabled user get the same answer in the same time. Too many failures get 429 with Retry-After.
            """,
        body: .named("Credentials"), answer: .json(.named("Session")), problems: [401, 429], handler: answerLogin)
}

private struct Credentials: Decodable {
    var username: String
    var password: String
}

private func answerLogin(_ call: Call) async throws -> HTTPResponse {
    let credentials: Credentials
    do {
        credentials = try JSONDecoder().decode(Credentials.self, from: Data(call.request.body))
    } catch {
        throw Problem.badBody("It must be an object with the texts username and password.")
    }
    let name = credentials.username
    guard Account.isValid(name: name), (1...PasswordHash.longest).contains(credentials.password.utf8.count) else {
        throw Problem.wrongCredentials
    }
    let context = call.context
    let address = call.request.remoteAddress
    if let wait = context.limiter.withLock({ $0.begin(name: name, address: address, now: call.now) }) {
        context.loginFailures.add()
        throw Problem.tooManyAttempts(retryAfter: wait)
    }
    let found: (account: Account, hash: String)?
    let isRight: Bool
    do {
        found = try await context.storage.use { connection in try await Accounts.find(name, &connection) }
        isRight = try await verify(credentials.password, found?.hash, context)
    } catch {
        context.limiter.withLock { $0.withdrawn(name: name, address: address, began: call.now) }
        throw error
    }
    guard isRight, let account = found?.account, !account.isDisabled else {
        context.loginFailures.add()
        try await audit(call, name, succeeded: false)
        throw Problem.wrongCredentials
    }
    context.limiter.withLock { $0.succeeded(name: name, address: address, began: call.now) }
    context.logins.add()
    context.directory.forget()
    let (token, claims) = try context.authority.issue(
        subject: account.name, lifetime: context.tokenLifetime,
        extra: ["role": account.role.rawValue, "ver": String(account.tokenVersion)], now: call.now / 1_000_000)
    try await audit(call, name, succeeded: true)
    var json = JSONWriter()
    json.beginObject()
    json.member("access_token", token)
    json.member("token_type", "Bearer")
    json.member("expires_in", claims.expiresAt - claims.issuedAt)
    json.member("expires_at", time: claims.expiresAt * 1_000_000)
    json.member("username", account.name)
    json.member("role", account.role.rawValue)
    json.endObject()
    return call.json(json)
}

/// Hashes in any case, so that nobody learns from the time whether there is such a user.
private func verify(_ password: String, _ hash: String?, _ context: APIContext) async throws -> Bool {
    let waiting = context.hashing.add(1, ordering: .relaxed).newValue
    defer { context.hashing.subtract(1, ordering: .relaxed) }
    // One hash takes a quarter of a second of one thread: a longer queue would only be answered too late.
    guard waiting <= 16 else { throw Problem.busy }
    let matches = await PasswordHash.verify(password, against: hash ?? context.nobodysHash)
    return matches && hash != nil
}

private func audit(_ call: Call, _ name: String, succeeded: Bool) async throws {
    try await call.context.storage.use { connection in
        try await Accounts.audit(
            "login", actor: name, subject: name, succeeded: succeeded, remoteAddress: call.request.remoteAddress,
            requestID: call.requestID, &connection)
    }
}
