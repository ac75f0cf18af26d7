import Glibc

/// Free TCP ports on 127.0.0.1.
public enum LoopbackPort {
    /// A port that nobody listened on a moment ago.
    public static func free() throws(PostgresError) -> Int { try free(count: 1)[0] }

    /// As many, each another one: all are held until the last is drawn.
    public static func free(count: Int) throws(PostgresError) -> [Int] {
        var sockets: [CInt] = []
        defer { for socket in sockets { close(socket) } }
        var ports: [Int] = []
        for _ in 0..<count {
            let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else { throw PostgresError(.process, "no socket: \(String(cString: strerror(errno)))") }
            sockets.append(socket)
            ports.append(try bind(socket))
        }
        return ports
    }

    private static func bind(_ socket: CInt) throws(PostgresError) -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                Glibc.bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
            }
        }
        guard status else {
            throw PostgresError(.process, "no free port on 127.0.0.1: \(String(cString: strerror(errno)))")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
