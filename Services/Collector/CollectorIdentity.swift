import Glibc

/// The collector's name, and its hold on the state directory.
///
/// Two collectors in one directory would give the same numbers to different messages, so the directory is locked as long
/// as the process lives; the kernel lets go of the lock when it dies, however it dies.
final class CollectorIdentity: Sendable {
    let id: String
    private let lock: CInt

    /// Locks the directory (made when it is not there) and finds or makes the id.
    init(directory: String, configured: String?, files: any SpoolFileSystem) throws(SpoolError) {
        let path = directory + "/lock"
        lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw SpoolError(
                code: .permission,
                message:
                    "\(path): \(String(cString: strerror(errno))); collector.state_directory must be writable for the collector"
            )
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw SpoolError(
                code: .inUse,
                message: "\(directory) is in use by another collector: give each its own collector.state_directory")
        }
        if let configured {
            id = configured
            return
        }
        let name = "id"
        if try files.list().contains(name) {
            let saved = String(decoding: try files.read(name, at: 0, count: 256), as: UTF8.self)
            let trimmed = saved.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
            guard !trimmed.isEmpty, !trimmed.contains("/") else {
                throw SpoolError(
                    code: .io, message: "\(directory)/id holds no collector id: set collector.id, or remove the file")
            }
            id = trimmed
            return
        }
        id = "c-" + Self.random(bytes: 8)
        try files.create("id.new")
        try files.append("id.new", Array((id + "\n").utf8))
        try files.sync("id.new")
        try files.rename("id.new", to: name)
        try files.syncDirectory()
    }

    deinit { close(lock) }

    /// Random bytes in hexadecimal digits.
    static func random(bytes: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<bytes).map { _ in
            let byte = UInt8.random(in: 0...255, using: &generator)
            return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}
