/// The help of a program, made from its tables of options, words and settings.
struct Usage {
    let program: String
    let schema: SettingsSchema
    let words: [Word]
    let about: String
    let needsWord: Bool

    /// The help of the program, or of one word of it.
    func text(for word: Word?) -> String {
        var text = ""
        if let word {
            text += "usage: \(line(word))\n\n" + Wrap.paragraph(word.help, indent: 0)
            if !word.options.isEmpty { text += "\noptions of \(word.name):\n" + options(word.options) }
            return text + "\noptions:\n" + options(CommandOption.common)
                + "\nThe settings: see \(program) --help.\n"
        }
        if !needsWord { text += "usage: \(program) [option…]\n" }
        for word in words { text += (text.isEmpty ? "usage: " : "       ") + line(word) + "\n" }
        if !about.isEmpty { text += "\n" + Wrap.paragraph(about, indent: 0) }
        text += "\noptions:\n" + options(CommandOption.common)
        for word in words {
            text +=
                "\n\(word.name)\(word.usage.isEmpty ? "" : " " + word.usage)\n" + Wrap.paragraph(word.help, indent: 6)
            if !word.options.isEmpty { text += options(word.options) }
        }
        return text
            + "\nsettings, each from the command line (--set), else the environment, else the file, else the default:\n\n"
            + schema.reference()
    }

    private func line(_ word: Word) -> String {
        let own = word.options.map { " [\($0.usage)]" }.joined()
        return "\(program) [option…] \(word.name)\(word.usage.isEmpty ? "" : " " + word.usage)\(own)"
    }

    private func options(_ options: [CommandOption]) -> String {
        options.map { "  \($0.usage)\n" + Wrap.paragraph($0.help, indent: 6) }.joined()
    }
}
