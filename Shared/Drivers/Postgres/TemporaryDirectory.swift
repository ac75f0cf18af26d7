import Glibc

/// The few file operations that a private server needs.
enum TemporaryDirectory {
    /// A new folder that only we can enter.
    static func make(_ prefix: String) throws(PostgresError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PostgresError(.process, "no folder can be made in \(parent): \(reason())")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes the folder when it is missing.
    static func ensure(_ path: String) throws(PostgresError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        throw PostgresError(.process, "the folder \(path) cannot be made: \(reason())")
    }

    /// A file that only its owner can read.
    static func write(_ text: String, to path: String) throws(PostgresError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw PostgresError(.process, "\(path) cannot be written: \(reason())") }
        defer { Glibc.close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw PostgresError(.process, "\(path) cannot be written: \(reason())")
        }
    }

    /// The end of a file, empty when it cannot be read.
    static func read(_ path: String, last limit: Int) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { Glibc.close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        lseek(file, off_t(max(0, size - limit)), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(file, &bytes, limit)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Removes a folder and what is in it; links are removed, not followed.
    static func remove(_ path: String) {
        for name in PostgresInstallation.names(in: path) {
            let child = "\(path)/\(name)"
            var status = stat()
            if lstat(child, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR {
                remove(child)
            } else {
                unlink(child)
            }
        }
        rmdir(path)
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
