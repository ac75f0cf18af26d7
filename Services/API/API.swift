import Glibc
import Runtime

/// The API: HTTP over what the other services stored.
@main
struct API {
    /// The release.
    static let version = "0.1.0"

    static func main() async {
        let arguments = ServiceArguments.parse(
            APISettings.schema, words: [.users, .migrate], version: version,
            about: "Answers over HTTP what pgAnalytics has stored: servers, metrics, statements, findings, alerts.")
        do {
            switch arguments.word {
            case "users": exit(try await UsersCommand(arguments).run())
            case "migrate": exit(try await MigrateCommand(arguments).run())
            default: exit(try await run(arguments))
            }
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    /// One line on the standard error.
    static func complain(_ message: String) {
        let line = Array("pganalytics-api: \(message)\n".utf8)
        _ = write(2, line, line.count)
    }
}
