import Glibc
import Runtime
import Support

/// A TCP server that answers one connection with exactly the bytes it is told to, whatever is asked, and closes. With
/// `forever` it repeats them until the client has had enough; without an answer it never reads nor closes.
/// With `leaves` it keeps the connection until the next request, and then nobody is there any more.
final class RawServer: Sendable {
    let port: Int
    private let listener: CInt
    private let thread = DedicatedThread(name: "raw-server")

    init(_ answer: String?, forever: Bool = false, leaves: Bool = false) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) | listen(listener, 8) | getsockname(listener, $0, &length)
            }
        }
        guard status == 0 else { throw RawSocketError(message: "no listening socket") }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        guard let answer else { return }
        let bytes = Array(answer.utf8)
        let thread = thread
        Task {
            try? await thread.run {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                var request = [UInt8](repeating: 0, count: 65536)
                _ = recv(client, &request, request.count, 0)
                repeat {
                    guard Glibc.send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { break }
                } while forever
                if leaves {
                    _ = recv(client, &request, request.count, 0)
                    shutdown(listener, CInt(SHUT_RDWR))
                }
                Glibc.close(client)
            }
        }
    }

    /// Ends a wait for a client that never came, and the thread.
    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        thread.stop()
        Glibc.close(listener)
    }
}
