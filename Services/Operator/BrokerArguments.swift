/// What `pganalytics broker` was told on its command line.
struct BrokerArguments: Equatable, Sendable {
    var topics: String?
    var prefix: String?
    var brokers = 1
    var addressFile: String?
    var controlPort = 0
    var controlFile: String?
    var help = false

    static let usage = """
        Usage: pganalytics broker [OPTIONS]

        Runs a Kafka to try things out with and to test against: librdkafka's mock cluster, in this process, with the
        topics declared in topics/. Prints its address, then runs until SIGINT or SIGTERM.

          --topics DIR         the declarations (default: ./topics, else the image's)
          --prefix PREFIX      put before each topic's name (default pganalytics.)
          --brokers N          how many brokers, 1 to 9 (default 1)
          --address-file FILE  write the bootstrap servers here once it runs
          --control-port PORT  of the control API, on loopback (default 0: a free one, printed)
          --control-file FILE  write the control API's URL here once it runs
          --help               this text

        Limits: everything is in memory and gone with the process; at most 5 MiB or 100,000 records of a partition are
        kept, the oldest are dropped without a word; it listens on the loopback address only; no TLS, SASL, ACLs, no
        CreateTopics (a topic that a client names comes into being with 4 partitions); a copy that an idempotent producer
        sends after a lost acknowledgement is kept as well; leaders do not move by themselves; rebalances of a group wait
        for its session.timeout.ms less a second, the first join 3 s.

        Control API: JSON over HTTP, every change a POST with content-type application/json.

          GET  /                                  addresses, brokers, topics, the names of requests
          POST /brokers/{id}/down                 take a broker off the network; /up brings it back
          POST /brokers/{id}/latency              {"milliseconds": 200}: each of its answers that late; 0 ends it
          POST /brokers/{id}/lost-ack             {"request": "Produce", "milliseconds": 70000}: its next request of that
                                                  kind is carried out and answered that late: with more than the client's
                                                  socket.timeout.ms the acknowledgement is lost
          POST /errors                            {"request": "Fetch", "errors": ["_TRANSPORT", "NOT_LEADER_FOR_PARTITION"]}:
                                                  the next requests of that kind fail so, one each; [] takes back the rest
          POST /topics/{topic}/error              {"error": "TOPIC_AUTHORIZATION_FAILED"}, null ends it
          POST /topics/{topic}/{partition}/leader {"broker": 2}; -1 takes the leader away
        """

    /// - Throws: ``BrokerError`` naming the option that is unknown, lacks its value or has a bad one.
    init(_ arguments: [String]) throws(BrokerError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            func value() throws(BrokerError) -> String {
                if parts.count == 2 { return parts[1] }
                guard let next = rest.popFirst() else {
                    throw BrokerError("\(option) wants a value; see pganalytics broker --help")
                }
                return next
            }
            func number(_ range: ClosedRange<Int>) throws(BrokerError) -> Int {
                let text = try value()
                guard let number = Int(text), range.contains(number) else {
                    throw BrokerError(
                        "\(parts[0]) is \"\(text)\"; give a whole number from \(range.lowerBound) to \(range.upperBound)"
                    )
                }
                return number
            }
            switch parts.first {
            case "--topics": topics = try value()
            case "--prefix": prefix = try value()
            case "--brokers": brokers = try number(1...9)
            case "--address-file": addressFile = try value()
            case "--control-port": controlPort = try number(0...65_535)
            case "--control-file": controlFile = try value()
            case "--help", "-h": help = true
            default: throw BrokerError("unknown option \(option); see pganalytics broker --help")
            }
        }
    }
}

/// Why the development broker cannot do what it was told.
struct BrokerError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
