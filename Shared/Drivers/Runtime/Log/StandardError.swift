import Glibc

/// The standard error, a whole line at a time.
enum StandardError {
    /// Writes the line and its line feed with one `write(2)`; only a full pipe or a signal makes it more than one.
    static func write(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    // Somebody we share it with made it non-blocking. Waiting a little beats losing the line.
                    var waiting = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                    if poll(&waiting, 1, 1_000) <= 0 { return }
                } else if errno != EINTR {
                    return  // There is nobody left to tell.
                }
            }
        }
    }
}
