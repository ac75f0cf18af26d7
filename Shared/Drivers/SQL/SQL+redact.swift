extension SQL {
    /// A text that may leave the server: normalised, every literal masked, comments taken out.
    ///
    /// The scanner masks the strings *before* the parser sees the text: `pg_query_normalize` of libpg_query 15 finds the
    /// constants of utility statements by their position and goes astray behind `E'…'`, which could leave a part of a
    /// password standing. What the parser does not replace by `$1` (bodies of functions, `DO`, type modifiers) is masked
    /// by a second scan: strings are `'***'`, numbers `?`. A text that cannot be parsed (cut off, newer grammar, no SQL at
    /// all) is masked by the scanner alone, which then masks everything in double quotes too, and an unterminated literal
    /// up to the end.
    public static func redact(_ text: String) -> String {
        let masked = LiteralMask(string: "'***'", number: nil, quotedIdentifiers: false).mask(text)
        guard let normal = normalize(masked) else {
            return LiteralMask(string: "'***'", number: "?", quotedIdentifiers: true).mask(text)
        }
        return LiteralMask(string: "'***'", number: "?", quotedIdentifiers: false).mask(normal)
    }

    /// The fingerprint of a text *without* its literals, so that no secret goes into the hash and a statement has one
    /// name whatever its literals are (the parser's fingerprint of a utility statement takes them in). The same as
    /// ``fingerprint(_:)`` for queries. `nil` for what cannot be parsed.
    public static func redactedFingerprint(_ text: String) -> String? {
        // 1, not 0: `float(0)` is refused by the grammar.
        fingerprint(LiteralMask(string: "''", number: "1", quotedIdentifiers: false).mask(text))
    }
}
