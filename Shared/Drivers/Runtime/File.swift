import Glibc

/// Small files, read as a whole.
enum File {
    /// The file's bytes; the error says why not. A file over `limit` is refused.
    static func read(_ path: String, limit: Int = 16 << 20) -> Result<[UInt8], RuntimeError> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(RuntimeError(.system, "\(path): \(systemMessage(errno))")) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(RuntimeError(.system, "\(path): \(systemMessage(errno))"))
            }
            if count == 0 { return .success(bytes) }
            bytes += buffer[..<count]
            if bytes.count > limit {
                return .failure(RuntimeError(.system, "\(path): it is larger than \(limit) bytes"))
            }
        }
    }
}
