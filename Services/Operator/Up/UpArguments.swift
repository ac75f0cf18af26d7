/// What `pganalytics up` was told on its command line and in its environment.
struct UpArguments: Equatable, Sendable {
    var demo = false
    var duration = 60
    var directory: String?
    /// nil: 8080, or a free one for the demo.
    var apiPort: Int?
    var collectorFile: String?
    var webhookURL: String?
    var logLevel = "info"
    var help = false
    /// An outside Kafka; nil for the development broker.
    let bootstrapServers: String?
    /// An outside storage database; nil for a private one.
    let databaseURL: String?

    static let usage = """
        Usage: pganalytics up [OPTIONS]

        Runs the whole system on this machine, each service its own process, until Ctrl-C: the development broker (or the
        Apache Kafka of KAFKA_BOOTSTRAP_SERVERS), a private PostgreSQL for storage (or the database of DATABASE_URL), writer,
        analyzer, alerter, API and collector. Prints where to look; ends and removes what it made on SIGINT and SIGTERM.
        What dies is started again, but not the development broker: its topics are gone with it, so that up ends with 1.
        In the database of DATABASE_URL no service may have a login yet: up gives each one, and takes it back at the end.

          --directory DIR    keep settings, logs, spool and storage here (default: a temporary folder, removed at the end)
          --servers FILE     a collector's TOML file: its [[server]] tables are watched (default: the private storage
                             server; to be given with DATABASE_URL)
          --api-port PORT    the API's port on loopback, 0 for a free one (default 8080, with --demo a free one)
          --webhook URL      where pages go (default: nowhere)
          --log-level LEVEL  debug, info, warning or error (default info)
          --demo             watch a private, loaded server with planted faults, then print what was found beside what the
                             server itself counted; exit 1 when they disagree
          --duration SECONDS how long the load of the demo lasts, at least 40 (default 60)
          --help             this text

        """

    /// - Throws: ``StackError`` naming the option that is unknown, lacks its value or has a bad one.
    init(_ arguments: [String], environment: [String: String]) throws(StackError) {
        bootstrapServers = environment["KAFKA_BOOTSTRAP_SERVERS"].flatMap { $0.isEmpty ? nil : $0 }
        databaseURL = environment["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        var rest = arguments[...]
        while let option = rest.popFirst() {
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            func value() throws(StackError) -> String {
                if parts.count == 2 { return parts[1] }
                guard let next = rest.popFirst() else {
                    throw StackError("\(option) wants a value; see pganalytics up --help")
                }
                return next
            }
            func number(_ range: ClosedRange<Int>) throws(StackError) -> Int {
                let text = try value()
                guard let number = Int(text), range.contains(number) else {
                    throw StackError(
                        "\(parts[0]) is \(text), and must be a number from \(range.lowerBound) to \(range.upperBound)")
                }
                return number
            }
            switch parts.first {
            case "--demo": demo = true
            case "--duration": duration = try number(40...86_400)
            case "--directory": directory = try value()
            case "--api-port": apiPort = try number(0...65_535)
            case "--servers": collectorFile = try value()
            case "--webhook": webhookURL = try value()
            case "--log-level": logLevel = try value()
            case "--help", "-h": help = true
            default: throw StackError("unknown option \(option); see pganalytics up --help")
            }
        }
        guard demo else {
            if databaseURL != nil, collectorFile == nil, !help {
                throw StackError(
                    "with DATABASE_URL there is no private storage server to watch: name a collector's TOML file with "
                        + "[[server]] tables by --servers FILE, or unset DATABASE_URL")
            }
            return
        }
        if collectorFile != nil {
            throw StackError("--servers does not go with --demo: the demo watches a server of its own")
        }
        if webhookURL != nil {
            throw StackError("--webhook does not go with --demo: the demo takes the pages itself and checks them")
        }
    }
}
