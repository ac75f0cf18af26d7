/// A request to send.
public struct HTTPClientRequest: Sendable {
    /// The method.
    public var method: String
    /// An absolute http or https URL.
    public var url: String
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body; nil sends none.
    public var body: [UInt8]?
    /// How long the whole exchange may take, from the name lookup to the last byte.
    public var timeout: Duration
    /// How many bytes of body are taken before the answer is refused.
    public var maxResponseBytes: Int
    /// Whether the status alone is an answer: what is too large then, breaks off or does not come in time is cut, and is
    /// no failure.
    public var isAnsweredByStatus: Bool

    /// A request.
    public init(
        method: String = "GET", url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), maxResponseBytes: Int = 1024 * 1024, isAnsweredByStatus: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxResponseBytes = maxResponseBytes
        self.isAnsweredByStatus = isAnsweredByStatus
    }

    /// Scheme, host and port without user, path and query, which may hold secrets (a Slack webhook's path is one).
    public var place: String {
        guard let scheme = url.range(of: "://") else { return "(no URL)" }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return String(url[..<scheme.upperBound]) + String(host)
    }
}

extension String {
    /// The first place of `other`; the standard library has it only for regular expressions.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
