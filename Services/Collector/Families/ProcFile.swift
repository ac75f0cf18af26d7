import Glibc

/// Files of /proc, read whole and taken apart.
enum ProcFile {
    /// A file's text; `nil` when it is not there.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, text.count < 1 << 20 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A number that is another one after each start of the machine.
    static func bootIdentity() -> Int64 {
        let digits = (read("/proc/sys/kernel/random/boot_id") ?? "").filter { $0.isHexDigit }.prefix(16)
        return Int64(bitPattern: UInt64(digits, radix: 16) ?? 0)
    }

    /// `name: value` and `name value` lines.
    static func numbers(_ text: String) -> [Substring: Int64] {
        var numbers: [Substring: Int64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" })
            if parts.count >= 2, let value = Int64(parts[1]) { numbers[parts[0]] = value }
        }
        return numbers
    }
}
