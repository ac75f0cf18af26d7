/// What the states in the spool are called: each belongs to a server, by its id.
enum StateName {
    private static let readingPrefix = "reading/"
    private static let namesPrefix = "names/"

    /// The reading that a family's next deltas are taken from.
    static func reading(_ instance: String, _ family: String) -> String { "\(readingPrefix)\(instance)/\(family)" }

    /// The names of a server's statements.
    static func names(_ instance: String) -> String { namesPrefix + instance }

    /// Whose state it is; `nil` for a name that this version does not know. An id may hold slashes, a family's name none.
    static func instance(of name: String) -> String? {
        if name.hasPrefix(namesPrefix) { return String(name.dropFirst(namesPrefix.count)) }
        guard name.hasPrefix(readingPrefix), let slash = name.lastIndex(of: "/") else { return nil }
        let rest = name[name.index(name.startIndex, offsetBy: readingPrefix.count)...]
        return slash < rest.startIndex ? nil : String(rest[..<slash])
    }
}
