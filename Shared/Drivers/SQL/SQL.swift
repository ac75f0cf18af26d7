import CPgQuery

/// SQL texts through PostgreSQL's own parser (libpg_query): fingerprints, normal forms, and texts with no literal left.
///
/// Every function may be called from any thread: libpg_query keeps its memory contexts per thread and frees them when the
/// thread ends. Nothing here touches a database, and no statement is ever executed.
public enum SQL {
    /// Which parser named a statement; a newer grammar may give another fingerprint to the same text.
    public static let parserVersion = "libpg_query/\(PG_VERSION)"

    /// The fingerprint of a text, 16 hexadecimal digits: equal for texts that differ only in constants, comments, case,
    /// spaces and the length of lists. `nil` for what PostgreSQL's grammar does not accept.
    public static func fingerprint(_ text: String) -> String? {
        withParser(text) { pointer in
            let result = pg_query_fingerprint(pointer)
            defer { pg_query_free_fingerprint_result(result) }
            guard result.error == nil, let digits = result.fingerprint_str else { return nil }
            return String(cString: digits)
        }
    }

    /// The text with the constants of its queries replaced by `$1`, `$2`, … (counting on after those that are there);
    /// `nil` for what cannot be parsed. Utility statements keep theirs: see ``redact(_:)``.
    public static func normalize(_ text: String) -> String? {
        withParser(text) { pointer in
            let result = pg_query_normalize(pointer)
            defer { pg_query_free_normalize_result(result) }
            guard result.error == nil, let query = result.normalized_query else { return nil }
            return String(cString: query)
        }
    }

    /// Runs a C function of the parser over a text, or gives `nil` for what must not reach it.
    private static func withParser(_ text: String, _ body: (UnsafePointer<CChar>) -> String?) -> String? {
        // The parser takes C strings: a zero byte would silently cut the text (PostgreSQL itself has none in a text).
        guard !text.utf8.contains(0), nesting(of: text) <= maximalNesting else { return nil }
        return text.withCString(body)
    }

    /// Beyond this depth of brackets a text counts as not parseable: the grammar's actions and the walks over the tree
    /// recurse, and the threads of a service have smaller stacks than a PostgreSQL backend.
    private static let maximalNesting = 500

    /// An upper bound of the depth of brackets (literals are not looked at: they can only raise it).
    private static func nesting(of text: String) -> Int {
        var depth = 0
        var deepest = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["):
                depth += 1
                if depth > deepest { deepest = depth }
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                if depth > 0 { depth -= 1 }
            default: break
            }
        }
        return deepest
    }
}
