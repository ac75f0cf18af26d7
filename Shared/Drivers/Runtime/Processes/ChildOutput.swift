import Glibc
import Synchronization

/// Our end of a child's output. One task reads it at a time.
public final class ChildOutput: Sendable {
    private let descriptor: CInt
    private let line = Mutex<[UInt8]>([])

    /// Takes over a descriptor that does not block.
    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The next bytes, as they come, or nil at the end.
    public func read() async throws(CancellationError) -> [UInt8]? {
        while true {
            var buffer = [UInt8](repeating: 0, count: 16_384)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            if count == 0 { return nil }
            if errno == EINTR { continue }
            guard errno == EAGAIN else { return nil }
            // It says nothing for as long as it likes; the end of a child is an end of file.
            let nextYear = ContinuousClock.now + .seconds(31_536_000)
            _ = try await SocketReadiness.shared().wait(fileDescriptor: descriptor, for: .read, until: nextYear)
        }
    }

    /// The next line without its line feed, or nil at the end. A line over 1 MiB comes in pieces.
    public func readLine() async throws(CancellationError) -> String? {
        while true {
            let found: String? = line.withLock { line in
                let end = line.firstIndex(of: UInt8(ascii: "\n"))
                guard let length = end ?? (line.count > 1 << 20 ? line.count : nil) else { return nil }
                let text = String(decoding: line[..<length], as: UTF8.self)
                line.removeFirst(min(line.count, length + 1))
                return text
            }
            if let found { return found }
            guard let more = try await read() else {
                return line.withLock { line in
                    defer { line = [] }
                    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
                }
            }
            line.withLock { $0 += more }
        }
    }
}
