/// Text in lines of at most 100 columns.
enum Wrap {
    /// The words of `text` in lines that begin with `indent` blanks, each with its line feed.
    static func paragraph(_ text: String, indent: Int, width: Int = 100) -> String {
        let margin = String(repeating: " ", count: indent)
        var result = ""
        var line = margin
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.count > indent && line.count + 1 + word.count > width {
                result += line + "\n"
                line = margin
            }
            if line.count > indent { line += " " }
            line += word
        }
        return line.count > indent ? result + line + "\n" : result
    }
}
