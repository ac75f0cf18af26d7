import Crypto

/// Where a page ended, as an opaque text: the values that the list is ordered by, so that what is added or removed
/// meanwhile moves nothing.
struct Cursor: Sendable, Equatable {
    var fields: [String]

    init(_ fields: [String]) { self.fields = fields }

    /// What a text is told that is no cursor of the list.
    static let refusal = Problem.badParameter(
        "cursor", "It is not a cursor of this list.", remedy: "Begin again without it.")

    /// Reads a cursor of the list `kind` with that many fields. The last may hold anything but a zero byte, which
    /// PostgreSQL's text has not.
    init(_ text: String, kind: String, count: Int) throws(Problem) {
        guard let bytes = Base64.decodeURL(text), !bytes.contains(0),
            let plain = String(validating: bytes, as: UTF8.self)
        else { throw Self.refusal }
        let parts = plain.split(separator: "\u{1f}", maxSplits: count, omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == count + 1, parts[0] == kind else { throw Self.refusal }
        fields = Array(parts.dropFirst())
    }

    func text(kind: String) -> String {
        Base64.encodeURL(Array(([kind] + fields).joined(separator: "\u{1f}").utf8))
    }
}
