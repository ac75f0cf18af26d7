import Glibc
import Runtime

/// A plain TCP client that sends exactly the bytes it is told to. It blocks, so each has a thread of its own: the
/// cooperative pool has to stay free for the handlers it talks to.
public final class RawSocket: Sendable {
    private let descriptor: CInt
    private let thread = DedicatedThread(name: "raw-socket")

    /// Connects to a port of loopback; throws a ``RawSocketError`` where nobody listens.
    public init(port: Int) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            Glibc.close(descriptor)
            throw RawSocketError(message: "no connection to port \(port): \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
    }

    deinit { thread.stop() }

    /// Writes all of it; false when the other side is gone.
    @discardableResult
    public func send(_ text: String) async throws -> Bool { try await send(Array(text.utf8)) }

    /// The same for bytes.
    @discardableResult
    public func send(_ bytes: [UInt8]) async throws -> Bool {
        let descriptor = descriptor
        return try await thread.run {
            var sent = 0
            while sent < bytes.count {
                let n = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, CInt(MSG_NOSIGNAL))
                }
                guard n > 0 else { return false }
                sent += n
            }
            return true
        }
    }

    /// Reads until the other side closes, `enough` says so, or the time is over.
    public func read(
        for limit: Duration = .seconds(20), until enough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> (text: String, closed: Bool) {
        let descriptor = descriptor
        return try await thread.run {
            let deadline = ContinuousClock.now + limit
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let left = ContinuousClock.now.duration(to: deadline).components
                var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let wait = max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
                guard Glibc.poll(&poll, 1, CInt(wait)) > 0 else {
                    return (String(decoding: bytes, as: UTF8.self), false)
                }
                let n = recv(descriptor, &buffer, buffer.count, 0)
                guard n > 0 else { return (String(decoding: bytes, as: UTF8.self), true) }
                bytes.append(contentsOf: buffer[..<n])
                let text = String(decoding: bytes, as: UTF8.self)
                if enough(text) { return (text, false) }
            }
        }
    }

    /// Closes; with `reset` the other side gets an RST instead of a FIN.
    public func close(reset: Bool = false) {
        if reset {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }
        Glibc.close(descriptor)
    }

    /// Sends it on a connection of its own and returns everything that comes until the server closes.
    public static func exchange(_ text: String, port: Int, for limit: Duration = .seconds(20)) async throws -> (
        text: String, closed: Bool
    ) {
        let socket = try RawSocket(port: port)
        defer { socket.close() }
        try await socket.send(text)
        return try await socket.read(for: limit)
    }
}

/// Why there is no connection.
public struct RawSocketError: Error {
    public let message: String

    public init(message: String) { self.message = message }
}
