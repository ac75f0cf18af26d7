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

    private static func doubled(_ text: String, _ quote: Character) -> String {
        var result = ""
        for character in text {
            if character == quote { result.append(character) }
            result.append(character)
        }
        return result
    }
}
