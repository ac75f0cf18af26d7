/// A response: what a server's handler returns and what a client gets.
public struct HTTPResponse: Sendable, Equatable {
    /// The status code.
    public var status: Int
    /// The header fields; Content-Length, Date and Connection are the server's own affair.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]
    /// For a client: the address that was really connected to.
    public var peerAddress: String?

    /// A response.
    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], peerAddress: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.peerAddress = peerAddress
    }

    /// A plain text response.
    public static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// The body as text; what is not UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
