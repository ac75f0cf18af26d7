/// What arrived last of the series that rules name, of one instance.
struct SeriesStore: Sendable, SeriesSource {
    /// The newest table of a family.
    private struct Snapshot: Sendable {
        var time: Int64
        var stream: String
        var samples: [String: [Sample]]
    }

    private var families: [String: Snapshot] = [:]
    /// Series that are made here and not read.
    var own: [String: [Sample]] = [:]
    /// Open findings by identity.
    var findings: [String: Sample] = [:]

    /// Time of a family's newest table.
    func time(of family: String) -> Int64? { families[family]?.time }

    func samples(of name: String) -> [Sample] {
        if name == SeriesCatalogue.Own.findingOpen { return findings.keys.sorted().map { findings[$0]! } }
        if let samples = own[name] { return samples }
        for snapshot in families.values {
            if let samples = snapshot.samples[name] { return samples }
        }
        return []
    }

    /// Takes a table's series; false when it is late and left out.
    ///
    /// The newest table of a family replaces what was known: a row that is not in it is gone. Parts of a table that was
    /// split carry its time and are put together. Older than what is known means late, and the past changes nothing;
    /// but within one stream what comes later is later, so that there an older time is a clock that was set back.
    mutating func take(family: String, stream: String, time: Int64, _ samples: [String: [Sample]]) -> Bool {
        guard var known = families[family] else {
            families[family] = Snapshot(time: time, stream: stream, samples: samples)
            return true
        }
        if time == known.time, stream == known.stream {
            known.samples.merge(samples) { $0 + $1 }
        } else if time > known.time || stream == known.stream {
            known = Snapshot(time: time, stream: stream, samples: samples)
        } else {
            return false
        }
        families[family] = known
        return true
    }
}
