import Codec
import Crypto
import SQL

/// Gives a statement's text its name and the form in which it may leave the server. Pure.
enum StatementNaming {
    /// The text is cut at this many bytes, between characters.
    static let textLimit = 64 << 10

    /// The message of a text: redacted, named, cut.
    static func statement(_ text: StatementTexts.Text, instance: String, seenAt: Int64) -> Statement {
        let redacted = SQL.redact(text.text)
        // What cannot be parsed is named by a hash of what is left of it, never of a literal.
        let name = SQL.redactedFingerprint(text.text) ?? "h1:" + hash(redacted)
        return Statement(
            name: name, text: cut(redacted), fullLength: text.fullLength, parser: SQL.parserVersion,
            instance: instance, queryid: text.queryid, seenAt: seenAt)
    }

    private static func hash(_ text: String) -> String {
        Digest.sha256(Array(text.utf8)).prefix(16).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// The longest beginning within the limit that ends where a character ends.
    static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: textLimit)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
