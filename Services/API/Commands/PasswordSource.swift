import Glibc

/// Where a password comes from when it is not made.
enum PasswordSource {
    /// The first line of a file.
    static func file(_ path: String) throws -> String {
        guard let stream = fopen(path, "re") else {
            throw CommandError(
                description: "cannot read the password from \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(stream) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, CInt(line.count), stream) != nil else {
            throw CommandError(description: "\(path) is empty; its first line is to be the password")
        }
        let bytes = line.prefix { $0 != 0 && $0 != 10 && $0 != 13 }.map { UInt8(bitPattern: $0) }
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
            throw CommandError(description: "the first line of \(path) is not a password in UTF-8")
        }
        return text
    }

    /// Asked for twice on the terminal, which does not show it.
    static func terminal() throws -> String {
        let first = try ask("Password: ")
        guard try ask("Again: ") == first else {
            throw CommandError(description: "the two passwords differ; nothing was changed")
        }
        return first
    }

    private static func say(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }

    private static func ask(_ prompt: String) throws -> String {
        var before = termios()
        guard tcgetattr(0, &before) == 0 else {
            throw CommandError(description: "the terminal cannot be asked for a password")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &silent)
        defer {
            tcsetattr(0, TCSAFLUSH, &before)
            say("\n")
        }
        say(prompt)
        guard let line = readLine(), !line.isEmpty else { throw CommandError(description: "no password was given") }
        return line
    }
}
