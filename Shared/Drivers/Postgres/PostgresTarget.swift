/// Where a connection goes, for messages: never a password.
struct PostgresTarget: Sendable, CustomStringConvertible {
    var host: String
    var port: Int
    var database: String
    var user: String

    var description: String {
        // A socket directory has no port to speak of, but its file is named after one.
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        return "\(address)/\(database) as \(user)"
    }
}
