import Foundation
import HTTP
import Runtime

/// Asks the API as a person would: signs in, then reads.
struct APIClient: Sendable {
    let base: String
    private let token: String
    private let client: HTTPClient

    /// Signs in.
    ///
    /// - Parameter base: such as `http://127.0.0.1:8080`.
    /// - Throws: ``StackError`` when the API refuses or does not answer.
    static func login(_ base: String, name: String, password: String, logger: Logger) async throws -> APIClient {
        struct Answer: Decodable {
            let accessToken: String
            enum CodingKeys: String, CodingKey { case accessToken = "access_token" }
        }
        let client = HTTPClient(logger: logger)
        let body = try JSONEncoder().encode(["username": name, "password": password])
        let response = try await client.send(
            HTTPClientRequest(
                method: "POST", url: "\(base)/api/v1/auth/login", headers: ["content-type": "application/json"],
                body: Array(body)))
        guard response.status == 200 else { throw Self.refusal("POST /api/v1/auth/login", response) }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(response.body))
        return APIClient(base: base, token: answer.accessToken, client: client)
    }

    /// Reads `path` (below `/api/v1`, with its query) as JSON.
    ///
    /// - Throws: ``StackError`` for any answer but 200.
    func get<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self) async throws -> Answer {
        let response = try await client.send(
            HTTPClientRequest(
                method: "GET", url: "\(base)/api/v1\(path)", headers: ["authorization": "Bearer \(token)"]))
        guard response.status == 200 else { throw Self.refusal("GET /api/v1\(path)", response) }
        return try JSONDecoder().decode(type, from: Data(response.body))
    }

    /// Thirty days ago as the API takes a time: seconds since 1970. Everything that an embedded system can know is newer.
    static var monthAgo: Int64 { WallClock.microseconds() / 1_000_000 - 30 * 86_400 }

    private static func refusal(_ request: String, _ response: HTTPResponse) -> StackError {
        StackError(
            "\(request) answered \(response.status): \(String(decoding: response.body.prefix(500), as: UTF8.self))")
    }
}
