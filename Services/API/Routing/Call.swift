import HTTP
import Runtime

/// A request that was let in: matched, allowed, its parameters checked.
struct Call: Sendable {
    let request: HTTPRequest
    let parameters: Parameters
    /// Who asks; nil on an open route.
    let account: Account?
    let requestID: String
    let context: APIContext
    /// When it began: microseconds since 1970.
    let now: Int64

    /// A value of the path: `{id}`.
    func path(_ name: String) -> String { parameters.text(name) ?? "" }

    /// A JSON answer.
    func json(_ writer: JSONWriter, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: writer.bytes)
    }
}
