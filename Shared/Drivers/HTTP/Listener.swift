import CMicrohttpd  // its headers bring sockaddr along: in a release build the member belongs to that module
import Glibc

/// A listening socket of our own making, so that a taken port is said in our words and port 0 can be read back.
struct Listener: ~Copyable {
    let descriptor: CInt
    let port: Int

    /// Binds and listens on a numeric address.
    init(address: String, port: Int) throws(HTTPError) {
        guard (0...65535).contains(port) else {
            throw HTTPError(.listen, "cannot listen on port \(port): a port is 0 to 65535")
        }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let found else {
            throw HTTPError(.listen, "cannot listen on \"\(address)\": give a numeric address such as 127.0.0.1 or ::1")
        }
        defer { freeaddrinfo(found) }
        let type = found.pointee.ai_socktype | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(found.pointee.ai_family, type, 0)
        guard descriptor >= 0 else {
            throw HTTPError(.listen, "cannot make a socket for \(address): \(String(cString: strerror(errno)))")
        }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 511) == 0
        else {
            let reason = errno
            Glibc.close(descriptor)
            let remedy = reason == EADDRINUSE ? "; stop what holds it or choose another port" : ""
            throw HTTPError(
                .listen, "cannot listen on \(address) port \(port): \(String(cString: strerror(reason)))\(remedy)")
        }
        self.descriptor = descriptor
        self.port = boundPort(descriptor) ?? port
    }

    consuming func close() { Glibc.close(descriptor) }
}

private func boundPort(_ descriptor: CInt) -> Int? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0 else { return nil }
    let family = CInt(storage.ss_family)
    return withUnsafePointer(to: &storage) { pointer in
        switch family {
        case AF_INET:
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
        case AF_INET6:
            pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin6_port))
            }
        default: nil
        }
    }
}

/// The numeric form of an address, without its port.
func numericAddress(_ address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "" }
    let family = CInt(address.pointee.sa_family)
    let length = family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    guard family == AF_INET || family == AF_INET6 else { return "local" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
        let status = getnameinfo(
            address, socklen_t(length), text.baseAddress, socklen_t(text.count), nil, 0, CInt(NI_NUMERICHOST))
        return status == 0 ? String(cString: text.baseAddress!) : ""
    }
}
