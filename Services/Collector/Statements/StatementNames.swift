import Codec

/// Which name a server's queryid has, and which texts are worth asking for. Pure: no I/O, no clock.
struct StatementNames: Sendable {
    /// Texts are asked for at most once in this time: every such read makes the server load all of its texts.
    static let pause: Int64 = 60_000_000
    /// At most so many at a time, and about so many bytes: their texts are in memory here, and parsing them takes time.
    static let batch = 2_000
    static let batchBytes: Int64 = 4 << 20

    private var names: [Int64: String] = [:]
    /// Seen in the last reading without a name, in the order of their rows.
    private var unknown: Set<Int64> = []
    private var lastRead: Int64?
    /// Asked for, and not yet taken apart.
    private var pending: Set<Int64> = []
    /// Their text could not be had (evicted meanwhile, or hidden): not asked for at once again.
    private var unavailable: [Int64: Int64] = [:]
    private var learned: [(Int64, String)] = []
    /// Learned since the last reading: rows of these went out without a name, and may have been the last that moved.
    private var owed: Set<Int64> = []
    /// Which names the rows carry.
    private var sent = NameSchedule()
    private var cycle = 0

    init() {}

    var count: Int { names.count }

    func name(_ queryid: Int64) -> String? { names[queryid] }

    /// The name when this reading's row of the statement has to carry it: when it is new, and then now and then.
    mutating func nameDue(_ queryid: Int64) -> String? {
        guard let name = names[queryid], sent.isDue(queryid, cycle: cycle) else { return nil }
        owed.remove(queryid)
        return name
    }

    /// The name of a statement that did not move in this reading, when no row has carried it yet. It does not count as
    /// sent: the next row that counts something carries it too, for those who read only such rows.
    mutating func nameOwed(_ queryid: Int64) -> String? {
        owed.remove(queryid) == nil ? nil : names[queryid]
    }

    /// A reading begins; what it does not see is not asked for.
    mutating func beginReading() {
        unknown.removeAll(keepingCapacity: true)
        cycle += 1
    }

    /// A row of the reading.
    mutating func seen(_ queryid: Int64) {
        if names[queryid] == nil { unknown.insert(queryid) }
    }

    /// The reading is over: what it did not see the server has evicted.
    mutating func endReading() { owed.removeAll() }

    /// What to ask for now, if anything; `textSize` is the mean length of the server's texts, where it is known.
    mutating func wanted(at now: Int64, textSize: Int64 = 0) -> [Int64] {
        if let lastRead, now - lastRead < Self.pause { return [] }
        unavailable = unavailable.filter { now - $0.value < 10 * Self.pause }
        let wanted = unknown.subtracting(pending).filter { unavailable[$0] == nil }
            .prefix(textSize > 0 ? Int(min(max(Self.batchBytes / textSize, 50), Int64(Self.batch))) : Self.batch)
        guard !wanted.isEmpty else { return [] }
        lastRead = now
        return wanted.sorted()
    }

    /// The server was asked for these, and gave texts for those.
    mutating func asked(_ queryids: [Int64], got: Set<Int64>, at now: Int64) {
        for queryid in queryids {
            if got.contains(queryid) { pending.insert(queryid) } else { unavailable[queryid] = now }
        }
    }

    /// A text got its name.
    mutating func learn(_ queryid: Int64, _ name: String) {
        pending.remove(queryid)
        unknown.remove(queryid)
        guard names.updateValue(name, forKey: queryid) != name else { return }
        learned.append((queryid, name))
        owed.insert(queryid)
    }

    /// Names of statements that the server has long forgotten take room: beyond twice its entries all go that it does
    /// not have now. Returns whether it did.
    mutating func prune(keeping current: () -> Set<Int64>, rows: Int) -> Bool {
        guard names.count > 2 * rows + 1_000 else { return false }
        let current = current()
        for queryid in names.keys where !current.contains(queryid) { sent.forget(queryid) }
        names = names.filter { current.contains($0.key) }
        return true
    }

    /// All names as a record.
    mutating func full() -> [UInt8] {
        learned.removeAll()
        return Self.record(names.map { ($0.key, $0.value) })
    }

    /// The names learned since the last record; `nil` when there are none.
    mutating func changes() -> [UInt8]? {
        guard !learned.isEmpty else { return nil }
        defer { learned.removeAll() }
        return Self.record(learned)
    }

    /// From records; one that is damaged ends what is known, and the texts of the rest are read again.
    init(records: [[UInt8]]) {
        for record in records {
            var reader = ByteReader(record)
            while !reader.isAtEnd {
                guard let queryid = try? reader.zigzag(), let name = try? reader.string() else { return }
                names[queryid] = name
            }
        }
    }

    private static func record(_ names: [(Int64, String)]) -> [UInt8] {
        var writer = ByteWriter()
        for (queryid, name) in names {
            writer.zigzag(queryid)
            writer.string(name)
        }
        return writer.bytes
    }

    /// Every name that is known.
    var all: some Sequence<String> { names.values }
}
