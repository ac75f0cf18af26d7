/// How to reach a database. Describes itself without the password, also to a debugger's `dump`.
public struct PostgresSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A host name, an address or a socket directory (begins with "/"), with its port.
    public struct Host: Sendable, Hashable {
        /// The name, address or directory.
        public var name: String
        /// The TCP port, or the number in the socket file's name.
        public var port: Int

        /// A host and its port.
        public init(name: String, port: Int = 5432) {
            self.name = name
            self.port = port
        }
    }

    /// Tried in this order until one answers.
    public var hosts: [Host]
    /// The role to connect as.
    public var user: String
    /// Nil: none, or what libpq finds in the password file.
    public var password: String?
    /// The database to connect to.
    public var database: String
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// libpq's `sslmode`; nil leaves libpq's default, `prefer`.
    public var sslMode: String?
    /// Server settings of the session, sent with the start-up packet (`-c name=value`).
    public var options: [String: String]
    /// Further libpq keywords as they are: `sslrootcert`, `sslcert`, `sslkey`, `target_session_attrs`, …
    public var parameters: [String: String]

    /// Settings for one host.
    public init(
        host: String, port: Int = 5432, user: String, password: String? = nil, database: String,
        applicationName: String = "", sslMode: String? = nil, options: [String: String] = [:],
        parameters: [String: String] = [:]
    ) {
        self.hosts = [Host(name: host, port: port)]
        self.user = user
        self.password = password
        self.database = database
        self.applicationName = applicationName
        self.sslMode = sslMode
        self.options = options
        self.parameters = parameters
    }

    /// The first host.
    public var host: String {
        get { hosts.first?.name ?? "" }
        set { hosts = [Host(name: newValue, port: port)] }
    }

    /// The first host's port.
    public var port: Int {
        get { hosts.first?.port ?? 5432 }
        set { hosts = [Host(name: host, port: newValue)] }
    }

    /// `postgresql://user@host:port/database`, without the password.
    public var description: String {
        let list = hosts.map { $0.name.contains(":") ? "[\($0.name)]:\($0.port)" : "\($0.name):\($0.port)" }
        return "postgresql://\(user)@\(list.joined(separator: ","))/\(database)"
    }

    /// The description.
    public var debugDescription: String { description }

    /// Only the description, so that reflection shows no password either.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }

    func target(_ host: Host) -> PostgresTarget {
        PostgresTarget(host: host.name, port: host.port, database: database, user: user)
    }
}
