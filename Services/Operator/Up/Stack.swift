import Crypto
import Glibc
import Kafka
import Postgres
import Runtime

/// The embedded system while it runs: a broker, a storage database and the five services, each its own process.
final class Stack: Sendable {
    static let services = ["writer", "analyzer", "alerter", "api", "collector"]

    let options: StackOptions
    /// Settings files, logs and the collector's spool.
    let directory: String
    let bootstrapServers: String
    /// The storage database, as its owner.
    let storageURL: String
    /// Where the API listens.
    let apiURL: String
    /// The API's first user, made with the system; nil where the storage database had one.
    let admin: (name: String, password: String)?
    let supervisor: Supervisor
    private let storage: PrivatePostgres?
    private let ownsDirectory: Bool
    private let healthPorts: [String: Int]

    private init(
        options: StackOptions, directory: String, ownsDirectory: Bool, bootstrapServers: String, storageURL: String,
        apiURL: String, admin: (name: String, password: String)?, supervisor: Supervisor, storage: PrivatePostgres?,
        healthPorts: [String: Int]
    ) {
        self.options = options
        self.directory = directory
        self.ownsDirectory = ownsDirectory
        self.bootstrapServers = bootstrapServers
        self.storageURL = storageURL
        self.apiURL = apiURL
        self.admin = admin
        self.supervisor = supervisor
        self.storage = storage
        self.healthPorts = healthPorts
    }
}
