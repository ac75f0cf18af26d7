import Glibc

extension SigningKey {
    /// The key of a PEM file; refused when everybody on the machine can read it.
    public convenience init(file: String) throws(CryptoError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CryptoError(.key, "cannot read the signing key \(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var about = stat()
        guard fstat(descriptor, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
            throw CryptoError(.key, "the signing key \(file) is not a file")
        }
        guard about.st_mode & 0o007 == 0 else {
            throw CryptoError(.key, "the signing key \(file) is open to everybody; chmod 600 it, and make a new one")
        }
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { throw CryptoError(.key, "the signing key \(file) is empty") }
        do {
            try self.init(pem: Array(bytes[..<count]))
        } catch {
            throw CryptoError(.key, "the signing key \(file): \(error.message)")
        }
    }

    /// The key of the file, or a new one written to it with mode 0600. Two processes that do it at once end up with the
    /// same key: the file appears whole and only once.
    public static func loadOrCreate(file: String) throws(CryptoError) -> SigningKey {
        if access(file, F_OK) == 0 { return try SigningKey(file: file) }
        let key = try generate()
        do {
            try key.save(file: file)
        } catch {
            if access(file, F_OK) == 0 { return try SigningKey(file: file) }
            throw error
        }
        return key
    }

    /// Writes the private key to a file that must not be there yet, with mode 0600.
    public func save(file: String) throws(CryptoError) {
        let temporary = "\(file).\(Random.hex(8)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CryptoError(.key, "cannot write the signing key \(file): \(String(cString: strerror(errno)))")
        }
        defer { unlink(temporary) }
        let bytes = privatePEM
        let written = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let reason = errno
        close(descriptor)
        guard written else {
            throw CryptoError(.key, "cannot write the signing key \(file): \(String(cString: strerror(reason)))")
        }
        guard link(temporary, file) == 0 else {
            throw CryptoError(.key, "cannot write the signing key \(file): \(String(cString: strerror(errno)))")
        }
    }
}
