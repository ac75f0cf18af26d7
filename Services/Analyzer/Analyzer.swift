import Glibc
import Runtime

/// Samples in, findings out: what is usual for each statement, and when it is not any more.
@main
struct Analyzer {
    static func main() async {
        let arguments = ServiceArguments.parse(
            AnalyzerSettings.schema, words: [MigrateWord.word], about: AnalyzerSettings.about)
        do {
            let settings = try AnalyzerSettings(arguments.settings)
            if arguments.word == MigrateWord.word.name {
                exit(await MigrateWord.run(arguments.arguments[0], settings, arguments.logger))
            }
            let parts = try AnalyzerParts.build(settings, logger: arguments.logger)
            exit(
                await runServices(
                    parts.services, shutdown: .onSignals(), grace: .seconds(30), logger: arguments.logger))
        } catch {
            arguments.logger.error("Cannot start", [.errorMessage: LogValue(describing: error)])
            exit(2)
        }
    }
}
