import Glibc

/// The words of the `pganalytics` command, in the order that `--help` lists them.
enum Words {
    /// One word: what it is called, what it does in a line, and what runs.
    struct Word: Sendable {
        let name: String
        let summary: String
        let run: @Sendable ([String]) async -> CInt
    }

    static let version = "0.1.0"

    static let all: [Word] = [
        Word(name: "up", summary: "run the embedded system: broker, storage and every service; --demo adds a workload")
        {
            await UpCommand.run($0)
        },
        Word(name: "broker", summary: "run the development broker (librdkafka's mock cluster, in memory)") {
            await BrokerCommand.run($0)
        },
        Word(name: "topics", summary: "apply or check the topics declared in topics/ against a cluster") {
            await TopicsCommand.run($0)
        },
        Word(name: "migrate", summary: "up, down or status of the storage schema of every service") {
            await MigrateCommand.run($0)
        },
        Word(name: "check", summary: "say what a monitored server lacks and what that costs (the collector's word)") {
            Installation.become("pganalytics-collector", ["check"] + $0)
        },
        Word(name: "users", summary: "add, list and change the users of the API (the API's word)") {
            Installation.become("pganalytics-api", ["users"] + $0)
        },
        Word(name: "rules", summary: "check alerting rules (the alerter's word)") {
            Installation.become("pganalytics-alerter", ["rules"] + $0)
        },
    ]

    /// Runs the word that `arguments` begin with and returns the exit status: 2 for a word that there is not.
    static func run(_ arguments: [String]) async -> CInt {
        guard let first = arguments.first else {
            printError(usage)
            return 2
        }
        switch first {
        case "-h", "--help", "help":
            printLine(usage)
            return 0
        case "--version":
            printLine("pganalytics \(version)")
            return 0
        default:
            guard let word = all.first(where: { $0.name == first }) else {
                printError("pganalytics: no word '\(first)'; there are \(all.map(\.name).joined(separator: ", "))")
                return 2
            }
            return await word.run(Array(arguments.dropFirst()))
        }
    }

    static var usage: String {
        var text = "Usage: pganalytics WORD [OPTIONS]     (pganalytics WORD --help tells a word's options)\n\n"
        for word in all {
            text += "  \(word.name)\(String(repeating: " ", count: max(1, 10 - word.name.count)))\(word.summary)\n"
        }
        return text
    }
}

/// Writes one line to standard output, at once: progress is no use in a buffer.
func printLine(_ line: String) { writeLine(line, to: STDOUT_FILENO) }

/// Writes one line to standard error.
func printError(_ line: String) { writeLine(line, to: STDERR_FILENO) }

private func writeLine(_ line: String, to file: CInt) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
