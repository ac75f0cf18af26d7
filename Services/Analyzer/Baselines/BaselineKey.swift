/// Of which server a baseline is, and of what.
struct BaselineKey: Hashable, Sendable {
    let instance: String
    let subject: Subject
}

/// The baselines in memory: at most so many, those used last.
///
/// Two generations: what is used is young; when the young are half of what is allowed, the old are dropped and the young
/// become old. Nothing is lost by it, for all of them are stored.
struct BaselineCache: Sendable {
    private let limit: Int
    private var young: [BaselineKey: Baseline] = [:]
    private var old: [BaselineKey: Baseline] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { young.count + old.count }

    subscript(key: BaselineKey) -> Baseline? { young[key] ?? old[key] }

    /// Puts a baseline in as the one used last.
    mutating func put(_ baseline: Baseline, _ key: BaselineKey) {
        old[key] = nil
        young[key] = baseline
        if young.count > max(limit / 2, 1) {
            old = young
            young = [:]
        }
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}
