extension YAMLNode {
    /// Reads a text that holds one document; an empty one is null.
    ///
    /// - Parameters:
    ///   - name: What the text is called in errors, usually its path.
    ///   - limits: How much it may be.
    /// - Throws: A ``YAMLError`` with the line and column.
    public static func parse(
        _ text: String, name: String, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLNode {
        guard text.utf8.count <= limits.bytes else {
            throw YAMLError(.limit, name: name, line: 1, column: 1, "it is larger than \(limits.bytes) bytes")
        }
        let reader = YAMLEventReader(text, name: name)
        var builder = YAMLTreeBuilder(name: name, limits: limits)
        while let event = try reader.next() { try builder.take(event) }
        return builder.root ?? YAMLNode(line: 1, column: 1, content: .scalar("", quoted: false))
    }
}
