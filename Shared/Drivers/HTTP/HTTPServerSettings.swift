/// Where a server listens and what it puts up with.
public struct HTTPServerSettings: Sendable {
    /// A numeric address; loopback unless told otherwise.
    public var address: String
    /// The port; 0 takes any free one.
    public var port: Int
    /// Threads that serve connections; nil is one a core, at most four.
    public var threads: Int?
    /// Connections in all; the next one waits to be accepted.
    public var connections = 1024
    /// Connections of one address.
    public var connectionsPerAddress = 512
    /// Bytes of the request line and header fields together.
    public var headerBytes = 32 * 1024
    /// Bytes of a body.
    public var bodyBytes = 1024 * 1024
    /// How long a connection may rest between requests.
    public var idle: Duration = .seconds(30)
    /// How long a request's head may take, however steadily its bytes drip.
    public var headDeadline: Duration = .seconds(10)
    /// How long a request's body may take.
    public var bodyDeadline: Duration = .seconds(30)
    /// How long the handler may take; after it the client gets 503.
    public var answerDeadline: Duration = .seconds(30)
    /// How long the client may take to read the response.
    public var sendDeadline: Duration = .seconds(120)
    /// Writes what the server itself refuses (400, 413, 503); plain text unless the service has a format of its own.
    public var refusal: @Sendable (_ status: Int, _ detail: String) -> HTTPResponse = {
        HTTPResponse.text($0, $1 + "\n")
    }

    /// A server on that address with the limits above.
    public init(address: String = "127.0.0.1", port: Int) {
        self.address = address
        self.port = port
    }
}
