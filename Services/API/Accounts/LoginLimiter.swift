/// Counts failed attempts to sign in, in a sliding window. No clock inside: times are microseconds, given.
///
/// An attempt counts as failed from its beginning and is taken back when it succeeds, so that many at once cannot slip
/// through while their passwords are still being hashed.
struct LoginLimiter {
    /// Failures of one name from one address in the window.
    var perPair = 5
    /// Failures of one name from anywhere: guessing from many addresses.
    var perName = 50
    /// Failures from one address: guessing many names.
    var perAddress = 30
    /// The window in microseconds.
    var window: Int64 = 300_000_000
    /// How many keys are remembered.
    var capacity = 10_000

    private var failures: [String: [Int64]] = [:]

    init() {}

    /// How many keys are remembered now.
    var count: Int { failures.count }

    /// Registers an attempt; nil lets it go on, else the seconds to wait.
    mutating func begin(name: String, address: String, now: Int64) -> Int? {
        let keys = self.keys(name, address)
        var wait: Int64 = 0
        for (key, limit) in keys {
            let recent = (failures[key] ?? []).filter { $0 > now - window }
            if recent.count >= limit { wait = max(wait, recent[recent.count - limit] + window - now) }
        }
        if wait > 0 { return Int((wait + 999_999) / 1_000_000) }
        makeRoom(now)
        for (key, limit) in keys {
            failures[key] = ((failures[key] ?? []).filter { $0 > now - window } + [now]).suffix(limit)
        }
        return nil
    }

    /// The attempt begun at that time succeeded: what failed before it is forgiven.
    mutating func succeeded(name: String, address: String, began: Int64) {
        withdrawn(name: name, address: address, began: began)
        failures[pairKey(name, address)] = nil
    }

    /// The attempt begun at that time could not be judged, for our own database was away: nobody is locked out for that.
    mutating func withdrawn(name: String, address: String, began: Int64) {
        for (key, _) in keys(name, address) {
            guard var times = failures[key], let index = times.lastIndex(of: began) else { continue }
            times.remove(at: index)
            failures[key] = times.isEmpty ? nil : times
        }
    }

    private func pairKey(_ name: String, _ address: String) -> String { "p\u{1f}\(name)\u{1f}\(address)" }

    private func keys(_ name: String, _ address: String) -> [(String, Int)] {
        [(pairKey(name, address), perPair), ("n\u{1f}\(name)", perName), ("a\u{1f}\(address)", perAddress)]
    }

    private mutating func makeRoom(_ now: Int64) {
        guard failures.count >= capacity else { return }
        failures = failures.filter { $0.value.contains { $0 > now - window } }
        // Still full of fresh ones: an attack from many addresses. The pairs are the many, and are dropped first.
        if failures.count >= capacity { failures = failures.filter { $0.key.first != "p" } }
        if failures.count >= capacity { failures = [:] }
    }
}
