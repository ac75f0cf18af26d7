/// The series that rules may name: those of the metric catalogue that are gauges, and the alerter's own.
struct SeriesCatalogue: Sendable {
    /// Where a series comes from.
    enum Origin: Sendable, Equatable {
        /// Columns of a family of samples.
        case family(String)
        /// Of the alerter itself.
        case own
    }

    private let origins: [String: Origin]
    /// Series that are in the catalogue and cannot be evaluated here, with the reason.
    private let unusable: [String: String]

    init(origins: [String: Origin], unusable: [String: String] = [:]) {
        self.origins = origins
        self.unusable = unusable
    }

    subscript(name: String) -> Origin? { origins[name] }

    /// Why a name cannot be used; nil when it can.
    func refusal(_ name: String) -> String? {
        if origins[name] != nil { return nil }
        if let reason = unusable[name] { return "'\(name)' \(reason)" }
        let nearest = origins.keys.min { (distance($0, name), $0) < (distance($1, name), $1) }
        let hint = nearest.map { ": did you mean '\($0)'?" } ?? ""
        return "no series is called '\(name)'\(hint)"
    }

    private func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, a) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}

extension SeriesCatalogue {
    /// The alerter's own series.
    enum Own {
        /// Seconds since anything came of an instance, by the alerter's clock.
        static let silentSeconds = "pganalytics_instance_silent_seconds"
        /// Seconds that an instance's cycles are apart.
        static let intervalSeconds = "pganalytics_instance_interval_seconds"
        /// Open findings of the analyzer; the value is the newest measured one.
        static let findingOpen = "pganalytics_finding_open"
        /// 1 while the alerter reaches its database, else 0.
        static let storageUp = "pganalytics_storage_up"

        static let all = [silentSeconds, intervalSeconds, findingOpen, storageUp]
    }
}
