/// The target of a request taken apart: path, segments and query, percent-decoded once and checked.
struct RequestTarget: Sendable, Equatable {
    var path: String
    var segments: [String]
    var query: [(name: String, value: String)]

    static func == (a: RequestTarget, b: RequestTarget) -> Bool {
        a.path == b.path && a.segments == b.segments
            && a.query.elementsEqual(b.query) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Takes a target in origin form (`/path?query`). The path is cut at its slashes before anything is decoded, so
    /// that `%2F` stays inside its segment; a NUL is refused, for C code behind us would see a shorter path.
    init(_ raw: String) throws(HTTPError) {
        guard raw.utf8.first == UInt8(ascii: "/") else {
            throw HTTPError(.malformed, "the request target must begin with \"/\"")
        }
        let parts = raw.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        path = try percentDecoded(parts[0], plusIsBlank: false, place: "path")
        segments = []
        for piece in parts[0].dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            segments.append(try percentDecoded(piece, plusIsBlank: false, place: "path"))
        }
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try percentDecoded(sides[0], plusIsBlank: true, place: "query")
            let value = sides.count == 2 ? try percentDecoded(sides[1], plusIsBlank: true, place: "query") : ""
            query.append((name: name, value: value))
        }
    }
}

/// Decodes `%XX`; refuses a broken escape, a control character and what is not UTF-8.
private func percentDecoded(
    _ bytes: Substring.UTF8View, plusIsBlank: Bool, place: String
) throws(HTTPError) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
        var value = byte
        if byte == UInt8(ascii: "%") {
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                throw HTTPError(.malformed, "the \(place) has a % that two hexadecimal digits do not follow")
            }
            value = high << 4 | low
            guard value != 0 else { throw HTTPError(.malformed, "the \(place) has a %00") }
        } else if plusIsBlank && byte == UInt8(ascii: "+") {
            value = 32
        } else if byte < 33 || byte == 127 {
            throw HTTPError(.malformed, "the \(place) has a blank or control character that is not escaped")
        }
        out.append(value)
    }
    guard let text = String(validating: out, as: UTF8.self) else {
        throw HTTPError(.malformed, "the \(place) is not UTF-8")
    }
    return text
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}
