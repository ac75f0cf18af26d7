import Glibc
import HTTP
import Runtime

/// Asks `probe` every 50 ms until it gives a value.
///
/// - Throws: ``StackError`` naming `what` when nothing came within the time.
@discardableResult
func waitFor<Value: Sendable>(
    _ what: String, within limit: Duration, _ probe: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await probe() { return value }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw StackError("waited \(limit) in vain for \(what)")
}

/// A small file as text without surrounding white space; empty when it is not there.
func readText(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

/// Ports of loopback that nobody listens on.
enum FreePort {
    /// A port that the kernel gives and that is free again at once: another process could take it in between.
    ///
    /// - Throws: ``StackError`` when there is none.
    static func next() throws(StackError) -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { throw StackError("no socket: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, length) == 0 ? getsockname(file, $0, &length) : -1
            }
        }
        guard status == 0 else { throw StackError("no free port on loopback: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
