/// A request that arrived whole.
public struct HTTPRequest: Sendable {
    /// The method as written: `GET`.
    public var method: String
    /// The path, percent-decoded; for routing use ``segments``.
    public var path: String
    /// The path cut at its slashes and decoded after, so that an escaped slash stays inside its segment.
    public var segments: [String]
    /// The query in the order it was written; a name may come several times.
    public var query: [(name: String, value: String)]
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body; empty when there was none.
    public var body: [UInt8]
    /// The address of the client, without its port.
    public var remoteAddress: String

    /// A request for that target (`/path?query`, escaped as on the wire). Throws when the target is not valid.
    public init(
        method: String, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1"
    ) throws(HTTPError) {
        let target = try RequestTarget(target)
        self.init(method: method, target: target, headers: headers, body: body, remoteAddress: remoteAddress)
    }

    init(method: String, target: RequestTarget, headers: HTTPHeaders, body: [UInt8], remoteAddress: String) {
        self.method = method
        path = target.path
        segments = target.segments
        query = target.query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The first value of a query parameter.
    public func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
