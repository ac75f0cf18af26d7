/// What is refused on sight of the head, before any byte of the body is read. libmicrohttpd 0.9.75 lets the first three
/// through (1.0.1 still the second and third), each of which lets two parties behind one connection disagree on where
/// a request ends or what it asks for.
enum RequestGuard {
    /// The target taken apart, or why the request is refused.
    static func check(
        method: String, version: String, target: String, headers: HTTPHeaders
    ) throws(HTTPError) -> RequestTarget {
        let lengths = headers.all("Content-Length")
        let codings = headers.all("Transfer-Encoding")
        if !lengths.isEmpty && !codings.isEmpty {
            throw HTTPError(.malformed, "Content-Length together with Transfer-Encoding")
        }
        if lengths.count > 1 { throw HTTPError(.malformed, "more than one Content-Length") }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (48...57).contains($0) }) {
            throw HTTPError(.malformed, "Content-Length is not a number")
        }
        if codings.count > 1 || codings.contains(where: { !equalIgnoringCase($0, "chunked") }) {
            throw HTTPError(.malformed, "a Transfer-Encoding other than chunked")
        }
        if !codings.isEmpty && version != "HTTP/1.1" {
            throw HTTPError(.malformed, "Transfer-Encoding in \(version.isEmpty ? "HTTP/0.9" : "HTTP/1.0")")
        }
        if headers.all("Host").count > 1 { throw HTTPError(.malformed, "more than one Host") }
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw HTTPError(.malformed, "the method is not a token")
        }
        return try RequestTarget(target)
    }
}
