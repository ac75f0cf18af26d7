import Glibc

/// Lines of the words `topics` and `broker`, each written at once.
enum TopicsOutput {
    /// To the standard output.
    static func line(_ text: String) { write(text, STDOUT_FILENO) }

    /// To the standard error.
    static func error(_ text: String) { write(text, STDERR_FILENO) }

    private static func write(_ text: String, _ descriptor: CInt) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
