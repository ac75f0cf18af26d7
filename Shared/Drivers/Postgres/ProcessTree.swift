import Glibc

/// Who is whose child, from /proc.
enum ProcessTree {
    /// The living children of a process.
    static func children(of parent: pid_t) -> [pid_t] {
        PostgresInstallation.names(in: "/proc").compactMap { pid_t($0) }.filter { self.parent(of: $0) == parent }
    }

    /// The second word after the command's name in parentheses, which may itself hold anything.
    private static func parent(of process: pid_t) -> pid_t? {
        let text = read("/proc/\(process)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        let words = text[text.index(after: end)...].split(separator: " ")
        return words.count > 1 ? pid_t(words[1]) : nil
    }

    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
