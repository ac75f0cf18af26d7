import Glibc

/// A service's settings file in the embedded system: TOML, readable by its owner alone, for it holds passwords.
struct ServiceFile: Sendable {
    private(set) var text = "# Written by pganalytics up.\n"

    /// Begins a section, such as `kafka`, or an element of an array of tables, such as `[server]`.
    mutating func section(_ name: String) { text += "\n[\(name)]\n" }

    mutating func set(_ key: String, _ value: String) { text += "\(key) = \(Self.quoted(value))\n" }

    mutating func set(_ key: String, _ value: Int) { text += "\(key) = \(value)\n" }

    mutating func set(_ key: String, _ value: Bool) { text += "\(key) = \(value)\n" }

    /// Writes the file with mode 0600.
    ///
    /// - Throws: ``StackError`` when it cannot be written.
    func write(to path: String) throws(StackError) { try writePrivately(text, to: path) }

    /// A TOML basic string (TOML 1.0, "String").
    static func quoted(_ value: String) -> String {
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// Why the embedded system could not be started, with the remedy.
struct StackError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Writes a file that its owner alone may read.
///
/// - Throws: ``StackError`` when it cannot be written.
func writePrivately(_ text: String, to path: String) throws(StackError) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StackError("cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
        throw StackError("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
