import Glibc
import Synchronization

/// A listener on loopback that speaks as much PostgreSQL as it is told: for peers that hang, vanish and lie.
final class SilentServer: Sendable {
    let port: Int
    private let listener: CInt
    private let sessions = Mutex<[CInt]>([])

    /// - Parameter replies: what is sent for each read of something from the client; then silence. Nil closes.
    init(replies: [[UInt8]?] = []) throws {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 16) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        struct NoSocket: Error {}
        guard bound else { throw NoSocket() }
        listener = socket
        port = Int(UInt16(bigEndian: address.sin_port))
        let work = Work { [weak self] in
            while true {
                let session = accept(socket, nil, nil)
                guard session >= 0, let self else { return }
                self.sessions.withLock { $0.append(session) }
                Work { Self.serve(session, replies) }.start()
            }
        }
        work.start()
    }

    deinit { stop() }

    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
        sessions.withLock { sessions in
            for session in sessions { shutdown(session, CInt(SHUT_RDWR)) }
            sessions = []
        }
    }

    private static func serve(_ session: CInt, _ replies: [[UInt8]?]) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        for reply in replies {
            guard read(session, &buffer, buffer.count) > 0 else { break }
            guard let reply else { break }
            _ = reply.withUnsafeBytes { send(session, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        }
        if replies.last.map({ $0 != nil }) ?? true {
            while read(session, &buffer, buffer.count) > 0 {}
        }
        close(session)
    }

    /// Logged in as anybody, ready for a query.
    static let welcome: [UInt8] =
        message("R", [0, 0, 0, 0]) + parameter("server_version", "17.0") + parameter("client_encoding", "UTF8")
        + message("K", [0, 0, 0, 7, 0, 0, 0, 9]) + message("Z", [UInt8(ascii: "I")])

    /// A message of the protocol: type, length, body.
    static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        return [type.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) }
            + body
    }

    private static func parameter(_ name: String, _ value: String) -> [UInt8] {
        message("S", Array(name.utf8) + [0] + Array(value.utf8) + [0])
    }
}

/// A detached thread for one closure.
private final class Work: Sendable {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }
}
