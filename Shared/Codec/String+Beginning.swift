extension String {
    /// At most so many Unicode scalars of a text, and an ellipsis where something was left out. Scalars and not characters:
    /// what counts as one character can be as long as its writer likes.
    public func beginning(_ limit: Int) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: limit, limitedBy: endIndex), end < endIndex else {
            return self
        }
        return String(unicodeScalars[..<end]) + "…"
    }
}
