import Glibc
import Runtime

/// Stores what the topics carry in PostgreSQL: see README.md.
@main
struct Writer {
    /// The consumer group, and how the writer names itself.
    static let group = "pganalytics-writer"

    static func main() async {
        let arguments = ServiceArguments.parse(
            WriterSettings.schema, words: [MigrateWord.word],
            about: "Consumes the topics of pgAnalytics and stores them in PostgreSQL, each message once.")
        let status: CInt
        do {
            if arguments.word == MigrateWord.word.name {
                status = try await MigrateWord.run(arguments)
            } else {
                let settings = try WriterSettings(arguments.settings)
                status = try await run(settings, logger: arguments.logger)
            }
        } catch {
            arguments.logger.error("The writer cannot run", [.errorMessage: LogValue("\(error)")])
            status = 1
        }
        exit(status)
    }
}
