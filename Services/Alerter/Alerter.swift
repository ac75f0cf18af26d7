import Glibc
import Runtime

/// Samples and findings in, alerts out: evaluates the rules, tells receivers, and remembers whom it told what.
@main
struct Alerter {
    static func main() async {
        let arguments = ServiceArguments.parse(
            AlerterSettings.schema, words: [MigrateWord.word, RulesWord.word], about: AlerterSettings.about)
        do {
            switch arguments.word {
            case RulesWord.word.name: exit(RulesWord.run(arguments.arguments))
            case MigrateWord.word.name:
                exit(
                    await MigrateWord.run(
                        arguments.arguments[0], try AlerterSettings(arguments.settings), arguments.logger))
            default:
                let parts = try AlerterParts.build(try AlerterSettings(arguments.settings), logger: arguments.logger)
                exit(
                    await runServices(
                        parts.services, shutdown: .onSignals(), grace: .seconds(30), logger: arguments.logger))
            }
        } catch {
            arguments.logger.error("Cannot start", [.errorMessage: LogValue(describing: error)])
            exit(2)
        }
    }
}
