import Glibc

/// The account that a server runs as when we are root.
struct SystemAccount: Sendable {
    let name: String
    let uid: uid_t
    let gid: gid_t

    /// Nil when we are an ordinary user, who runs servers himself; else postgres, or nobody.
    static func forServers() throws(PostgresError) -> SystemAccount? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            return SystemAccount(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        }
        throw PostgresError(
            .process, "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
    }

    /// Gives a file or folder to the account.
    func own(_ path: String) throws(PostgresError) {
        guard chown(path, uid, gid) == 0 else {
            throw PostgresError(
                .process, "\(path) cannot be given to user \(name): \(String(cString: strerror(errno)))")
        }
    }
}
