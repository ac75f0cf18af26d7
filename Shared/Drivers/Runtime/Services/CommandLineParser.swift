import CLinux
import Glibc
import Synchronization

/// A command line taken apart by `getopt_long`.
struct CommandLineParser {
    struct Parsed {
        /// What was given of each option, in order; empty texts for those without a value.
        var options: [(name: String, value: String)] = []
        /// The rest, in order.
        var arguments: [String] = []
    }

    /// getopt keeps its place in globals.
    private static let lock = Mutex(())

    /// Takes options anywhere among the arguments, or only those before the first argument; `--` ends the options.
    ///
    /// - Parameter usage: What to say after an error.
    static func parse(
        _ arguments: [String], options: [CommandOption], onlyLeading: Bool, usage: String
    ) throws(SettingsError) -> Parsed {
        // getopt reads past an embedded zero byte no more than any C program.
        var strings: [UnsafeMutablePointer<CChar>?] = (["program"] + arguments).map { strdup($0) } + [nil]
        let names: [UnsafeMutablePointer<CChar>?] = options.map { strdup($0.name) }
        // getopt moves the pointers about, so they are freed from a copy.
        let owned = strings + names
        defer { for pointer in owned { free(pointer) } }
        var table = options.indices.map { index in
            option(
                name: UnsafePointer(names[index]), has_arg: options[index].argument == nil ? 0 : 1, flag: nil,
                val: CInt(1_000 + index))
        }
        table.append(option())
        let count = CInt(arguments.count + 1)

        var parsed = Parsed()
        let failure: SettingsError? = lock.withLock { _ in
            pga_getopt_reset()
            while true {
                let code = getopt_long(count, &strings, onlyLeading ? "+:" : ":", table, nil)
                switch code {
                case -1:
                    let index = Int(pga_getopt_index())
                    parsed.arguments = strings[index..<Int(count)].map { String(cString: $0!) }
                    return nil
                case CInt(UInt8(ascii: ":")):
                    let bad = options[Int(pga_getopt_bad()) - 1_000]
                    return SettingsError(.usage, "option --\(bad.name) needs a value, \(bad.usage); \(usage)")
                case CInt(UInt8(ascii: "?")):
                    // The option's own spelling: an unknown short one has only its letter.
                    let letter = pga_getopt_bad()
                    let index = Int(pga_getopt_index()) - 1
                    var text = strings.indices.contains(index) ? strings[index].map { String(cString: $0) } ?? "" : ""
                    if letter > 0 && letter < 128 { text = "-" + String(UnicodeScalar(UInt8(letter))) }
                    if letter >= 1_000 {
                        return SettingsError(
                            .usage, "option --\(options[Int(letter) - 1_000].name) takes no value; \(usage)")
                    }
                    let word = String(text.prefix { $0 != "=" }.drop { $0 == "-" })
                    let hint = Nearest.find(word, among: options.map(\.name)).map { "; did you mean --\($0)?" } ?? ""
                    return SettingsError(
                        .usage, "unknown or ambiguous option \(text)\(hint)\(hint.isEmpty ? "; " : " ")\(usage)")
                default:
                    let option = options[Int(code) - 1_000]
                    let value = option.argument == nil ? "" : pga_getopt_argument().map { String(cString: $0) } ?? ""
                    parsed.options.append((option.name, value))
                }
            }
        }
        if let failure { throw failure }
        return parsed
    }
}
