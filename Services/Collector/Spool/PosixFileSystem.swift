import Glibc
import Synchronization

/// A directory on disk.
final class PosixFileSystem: SpoolFileSystem {
    private let directory: String
    /// The file appended to last stays open: a cycle is one write and one fdatasync.
    private let open = Mutex<(name: String, descriptor: CInt)?>(nil)

    /// Makes the directory (and its parents) when it is not there, readable for its owner only.
    init(directory: String) throws(SpoolError) {
        self.directory = directory
        var path = directory.hasPrefix("/") ? "" : "."
        for part in directory.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o700) != 0, errno != EEXIST {
                throw Self.error("making the directory", path)
            }
        }
    }

    deinit { open.withLock { if let file = $0 { _ = Glibc.close(file.descriptor) } } }

    private func path(_ name: String) -> String { directory + "/" + name }

    func list() throws(SpoolError) -> [String] {
        guard let handle = opendir(directory) else { throw Self.error("listing", directory) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    func size(_ name: String) throws(SpoolError) -> Int {
        var status = stat()
        guard stat(path(name), &status) == 0 else { throw Self.error("looking at", path(name)) }
        return Int(status.st_size)
    }

    func read(_ name: String, at offset: Int, count: Int) throws(SpoolError) -> [UInt8] {
        let descriptor = Glibc.open(path(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("opening", path(name)) }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error("looking at", path(name)) }
        let wanted = max(0, min(count, Int(status.st_size) - offset))
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let got = pread(descriptor, buffer.baseAddress! + filled, wanted - filled, off_t(offset + filled))
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    return
                } else if errno != EINTR {
                    failed = true
                    return
                }
            }
        }
        if failed { throw Self.error("reading", path(name)) }
        return bytes
    }

    func create(_ name: String) throws(SpoolError) {
        close()
        let descriptor = Glibc.open(path(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.error("making", path(name)) }
        open.withLock { $0 = (name, descriptor) }
    }

    func append(_ name: String, _ bytes: [UInt8]) throws(SpoolError) {
        let descriptor = try descriptor(of: name)
        var at = 0
        while at < bytes.count {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + at, bytes.count - at) }
            if written > 0 {
                at += written
            } else if errno != EINTR {
                throw Self.error("writing", path(name))
            }
        }
    }

    func truncate(_ name: String, to size: Int) throws(SpoolError) {
        close()
        guard Glibc.truncate(path(name), off_t(size)) == 0 else { throw Self.error("cutting", path(name)) }
    }

    func sync(_ name: String) throws(SpoolError) {
        let descriptor = try descriptor(of: name)
        guard fdatasync(descriptor) == 0 else {
            let failure = Self.error("syncing", path(name))
            // After a failed fsync Linux marks the pages clean: a second fsync of this file would lie.
            close()
            throw failure
        }
    }

    func rename(_ name: String, to newName: String) throws(SpoolError) {
        close()
        guard Glibc.rename(path(name), path(newName)) == 0 else { throw Self.error("renaming", path(name)) }
    }

    func remove(_ name: String) throws(SpoolError) {
        close()
        guard unlink(path(name)) == 0 || errno == ENOENT else { throw Self.error("removing", path(name)) }
    }

    func syncDirectory() throws(SpoolError) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("opening", directory) }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.error("syncing", directory) }
    }

    private func descriptor(of name: String) throws(SpoolError) -> CInt {
        if let descriptor = open.withLock({ $0?.name == name ? $0?.descriptor : nil }) { return descriptor }
        close()
        let descriptor = Glibc.open(path(name), O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("opening", path(name)) }
        open.withLock { $0 = (name, descriptor) }
        return descriptor
    }

    private func close() {
        open.withLock {
            if let file = $0 { _ = Glibc.close(file.descriptor) }
            $0 = nil
        }
    }

    private static func error(_ doing: String, _ path: String) -> SpoolError {
        let number = errno
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return SpoolError(
                code: .noSpace, message: "no space left while \(doing) \(path): free some, or lower spool.max_bytes")
        case ENOENT: return SpoolError(code: .notFound, message: "\(doing) \(path): \(reason)")
        case EACCES, EPERM, EROFS:
            return SpoolError(
                code: .permission,
                message: "\(doing) \(path): \(reason); collector.state_directory must be writable for the collector")
        case EMFILE, ENFILE, ENOMEM: return SpoolError(code: .exhausted, message: "\(doing) \(path): \(reason)")
        default: return SpoolError(code: .io, message: "\(doing) \(path): \(reason)")
        }
    }
}
