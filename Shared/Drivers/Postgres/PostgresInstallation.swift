import Glibc
public import Runtime

/// The programs of a PostgreSQL server on this machine.
public struct PostgresInstallation: Sendable, Equatable {
    /// The folder of `initdb` and `postgres`.
    public let binaries: String
    /// 9 (for 9.6), 11, 15, 18, …; nil when the folder does not say.
    public let major: Int?

    /// An installation whose `initdb` and `postgres` can be executed, or nil.
    public init?(binaries: String) {
        guard access(binaries + "/initdb", X_OK) == 0, access(binaries + "/postgres", X_OK) == 0 else { return nil }
        self.binaries = binaries
        // /usr/lib/postgresql/15/bin, /somewhere/13/bin: the folder above is the major where it is a number.
        let parts = binaries.split(separator: "/")
        let above = parts.count >= 2 ? parts[parts.count - 2] : ""
        major = above.split(separator: ".").first.flatMap { Int($0) }
    }

    /// All that are found: the homes in `POSTGRES_HOMES` (separated by colons), Debian's majors from the newest down,
    /// and what is in `PATH`.
    public static func all(environment: [String: String] = ProcessEnvironment.all) -> [PostgresInstallation] {
        var folders = (environment["POSTGRES_HOMES"] ?? "").split(separator: ":").map { "\($0)/bin" }
        let debian = "/usr/lib/postgresql"
        let majors = names(in: debian).compactMap { Int($0) }.sorted(by: >)
        folders += majors.map { "\(debian)/\($0)/bin" }
        folders += (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        var found: [PostgresInstallation] = []
        for folder in folders {
            guard let installation = PostgresInstallation(binaries: folder) else { continue }
            if !found.contains(where: { $0.binaries == installation.binaries }) { found.append(installation) }
        }
        return found
    }

    /// The names in a folder, none when it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
