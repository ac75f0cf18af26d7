import Glibc
import Postgres
import Runtime

/// Speaks just enough of PostgreSQL's protocol to let one client in, refuses its first statement inside a transaction, and
/// never answers a second.
final class StubbornServer: Sendable {
    let port: Int
    private let listener: CInt
    private let thread = DedicatedThread(name: "stubborn-server")

    init() throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw PostgresError(.process, String(cString: strerror(errno))) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Task { [thread] in try? await thread.run { Self.serve(listener) } }
    }

    /// Ends it; a client that is still there ends it too.
    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        thread.stop()
    }

    private static func serve(_ listener: CInt) {
        let client = accept(listener, nil, nil)
        defer {
            close(client)
            close(listener)
        }
        // The start-up packet has no letter.
        guard client >= 0, read(client) != nil else { return }
        write(client, message("R", [0, 0, 0, 0]) + message("S", Array("server_version\u{0}17.0\u{0}".utf8)))
        write(client, message("S", Array("client_encoding\u{0}UTF8\u{0}".utf8)) + message("Z", Array("I".utf8)))
        guard read(client) != nil else { return }
        let error = Array("SERROR\u{0}VERROR\u{0}CXX000\u{0}Mno\u{0}\u{0}".utf8)
        write(client, message("E", error) + message("Z", Array("E".utf8)))
        // The ROLLBACK, and then the end of the client.
        while read(client) != nil {}
    }

    private static func message(_ letter: Character, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        return [letter.asciiValue!] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body
    }

    /// What the client sent by now; `nil` when it is gone. It sends each of its requests in one piece.
    private static func read(_ client: CInt) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(client, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private static func write(_ client: CInt, _ bytes: [UInt8]) {
        _ = send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }
}
