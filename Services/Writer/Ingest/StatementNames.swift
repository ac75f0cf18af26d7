import Codec

/// Which names a server's queryids have, as far as they were stored: a name travels with every row, and is stored once.
struct StatementNames: Sendable {
    struct Key: Hashable, Sendable {
        let instance: Int32
        let queryid: Int64
    }

    private static let limit = 1_000_000
    private var stored: [Key: String] = [:]
    /// Learned in the transaction that runs now.
    private(set) var fresh: [Key: String] = [:]

    mutating func begin() { fresh.removeAll(keepingCapacity: true) }

    mutating func commit() {
        // A cache may forget; what it has forgotten is stored again, to no effect.
        if stored.count + fresh.count > Self.limit { stored.removeAll() }
        for (key, name) in fresh { stored[key] = name }
        fresh.removeAll(keepingCapacity: true)
    }

    mutating func learn(_ instance: Int32, _ queryid: Int64, _ name: String) {
        let key = Key(instance: instance, queryid: queryid)
        if stored[key] != name { fresh[key] = name }
    }

    /// Learns what the rows of a statements table say.
    mutating func learn(_ table: borrowing Table, instance: Int32) {
        guard let names = table["name"], let ids = table["queryid"],
            case .strings(let dictionary, let indexes) = names.values, case .integers(let queryids) = ids.values
        else { return }
        for row in 0..<table.rowCount where !names.isNull(row) && !ids.isNull(row) {
            learn(instance, queryids[row], dictionary[Int(indexes[row])])
        }
    }
}
