import Crypto

/// Where a page ended, as an opaque text: the values that the list is ordered by, so that what is added or removed
/// meanwhile moves nothing.
struct Cursor: Sendable, Equatable {
    var fields: [String]

    init(_ fields: [String]) { self.fields = fields }

    /// Reads a cursor of the list `kind` with that many fields.
    init(_ text: String, kind: String, count: Int) throws(Problem) {
        let bad = Problem.badParameter("cursor", "It is not a cursor of this list.", remedy: "Begin again without it.")
        guard let bytes = Base64.decodeURL(text), let plain = String(validating: bytes, as: UTF8.self) else {
            throw bad
        }
        let parts = plain.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == count + 1, parts[0] == kind else { throw bad }
        fields = Array(parts.dropFirst())
    }

    func text(kind: String) -> String {
        Base64.encodeURL(Array(([kind] + fields).joined(separator: "\u{1f}").utf8))
    }
}
