extension PostgresConnection {
    /// A name as it must stand in SQL.
    public static func quoted(identifier name: String) -> String {
        "\"" + doubled(name, "\"") + "\""
    }

    /// A text as it must stand in SQL, whatever `standard_conforming_strings` says. Prefer parameters.
    public static func quoted(literal text: String) -> String {
        if text.utf8.contains(UInt8(ascii: "\\")) {
            return " E'" + doubled(doubled(text, "'"), "\\") + "'"
        }
        return "'" + doubled(text, "'") + "'"
    }

    /// By scalar, not by character: a quote with a combining mark after it is another character, and still a quote.
    private static func doubled(_ text: String, _ quote: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == quote { result.append(scalar) }
            result.append(scalar)
        }
        return String(result)
    }
}
