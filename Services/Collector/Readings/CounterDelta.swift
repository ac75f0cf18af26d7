import Codec

/// Turns readings of counters into deltas: a state machine without I/O or clock.
///
/// A reading is taken with ``begin(_:)``, a ``row(_:since:)`` for each row and ``end()``. The reading that the next one is
/// subtracted from is kept by columns of whole numbers, row after row in one array: 10,000 statements of 45 numbers are
/// 3.6 MB and no objects. As it goes, it writes what changed to ``increment``, which makes the same state out of the one
/// before (see CounterDelta+records.swift).
///
/// - A row new since a known reading counts in full; without a known reading its deltas are null and it is `first`.
/// - Where that reading hid rows, one that is new may be one of those: it counts when it is of the role whose rows were
///   shown, or began since by its own timestamp, and is `first` otherwise.
/// - Counters that began anew count in full and are flagged, when the reset is proven: by the row's own timestamp (17 and
///   later, pg_stat_database), by pg_stat_statements_info (14 and later), by evictions, or by a restart of the server.
///   Without proof the deltas are null.
/// - A standby that took over behind the same address is another server: it begins with a first reading.
/// - Where none of those proofs exists (12 and 13), a reset whose counters have overtaken the old ones by the next reading
///   cannot be told from growth.
struct CounterDelta: Sendable {
    /// What came of a row.
    enum Outcome: Equatable {
        /// Nothing moved: the row is left out.
        case unmoved
        /// ``deltas`` holds what it counted.
        case moved(Quality)
        /// It is sent with nulls.
        case unknown(Quality)
    }

    let columns: [ReadingColumn]
    /// What the row just given counted, by column: differences of counters (bits of a double for those of doubles), new
    /// values of gauges that changed; ``missingValue`` where there is none.
    private(set) var deltas: [Int64]
    /// The reading that the next one is subtracted from.
    private(set) var head: ReadingHead?
    /// The changes since ``begin(_:)`` as a record.
    var increment = ByteWriter()
    var incrementRows = 0

    var slots: [RowKey: Int32] = [:]
    var keys: [RowKey] = []
    var values: [Int64] = []
    var sinces: [Int64] = []
    private var seen: [UInt32] = []
    private var generation: UInt32 = 0
    private var free: [Int32] = []

    private var next = ReadingHead()
    private var isFirst = true
    private var allReset = false
    private var evicted = false
    private var restarted = false

    init(columns: [ReadingColumn]) {
        self.columns = columns
        deltas = [Int64](repeating: missingValue, count: columns.count)
    }

    /// How many rows are known.
    var rowCount: Int { slots.count }

    /// Begins a reading. Another server's counters are a new beginning. `evictions` is how often entries were evicted
    /// when the last row had been read: those of meanwhile explain this reading, and the next one's again.
    mutating func begin(_ next: ReadingHead, evictions: Int64? = nil) {
        if let head, !next.isOfSameServer(as: head) { forget() }
        self.next = next
        isFirst = head == nil
        allReset =
            head.map { $0.statsReset != nil && next.statsReset != nil && $0.statsReset != next.statsReset } ?? false
        evicted = head.map { ($0.evictions ?? 0) != (evictions ?? next.evictions ?? 0) } ?? false
        restarted = head.map { $0.serverStart != next.serverStart } ?? false
        generation &+= 1
        increment = ByteWriter()
        incrementRows = 0
    }

    /// Microseconds that the deltas of this reading cover; 0 without a known reading.
    var interval: Int64 { head.map { next.interval(since: $0) } ?? 0 }

    /// Makes room for a first reading of so many rows, and no more than that.
    mutating func reserve(_ rows: Int) {
        slots.reserveCapacity(rows)
        keys.reserveCapacity(rows)
        values.reserveCapacity(rows * columns.count)
        sinces.reserveCapacity(rows)
    }

    /// Forgets everything: the next reading is the first.
    mutating func forget() {
        head = nil
        slots = [:]
        keys = []
        values = []
        sinces = []
        seen = []
        free = []
    }

    /// A row of the reading. `since` is the row's own timestamp of its counters' beginning, 0 for none.
    mutating func row(_ key: RowKey, since: Int64, _ new: [Int64]) -> Outcome {
        guard let slot = slots[key].map(Int.init) else {
            let slot = insert(key, since: since, new)
            writeInsert(slot)
            if isFirst || mayHaveBeenHidden(key, since: since) { return .unknown(.first) }
            takeAll(new)
            return .moved(allReset ? .reset : .ok)
        }
        seen[slot] = generation
        let base = slot * columns.count
        let begunAnew = sinces[slot] != since || (since == 0 && allReset)
        if begunAnew {
            let quality: Quality = allReset || !evicted ? .reset : .evicted
            replace(slot, since: since, new)
            return takeAll(new) ? .moved(quality) : .unmoved
        }
        var moved = false
        var backwards = false
        values.withUnsafeBufferPointer { old in
            for column in new.indices where old[base + column] != new[column] {
                moved = true
                if columns[column].kind != .gauge, Self.isBelow(new[column], old[base + column], columns[column].kind) {
                    backwards = true
                }
            }
        }
        guard moved else { return .unmoved }
        if backwards {
            replace(slot, since: since, new)
            if evicted || restarted {
                return takeAll(new) ? .moved(evicted ? .evicted : .reset) : .unmoved
            }
            for column in deltas.indices { deltas[column] = missingValue }
            return .unknown(.reset)
        }
        for column in new.indices {
            let old = values[base + column]
            switch columns[column].kind {
            case .counter:
                deltas[column] = new[column] == missingValue || old == missingValue ? missingValue : new[column] &- old
            case .doubleCounter: deltas[column] = Self.subtract(new[column], old)
            case .gauge: deltas[column] = new[column] == old ? missingValue : new[column]
            }
        }
        writeUpdate(slot, new)
        for column in new.indices { values[base + column] = new[column] }
        return .moved(.ok)
    }

    /// The server hides rows of this reading, all but those of a role (the keys' first part).
    mutating func hides(allBut role: Int64) { next.onlyRole = role }

    private func mayHaveBeenHidden(_ key: RowKey, since: Int64) -> Bool {
        guard let head, let role = head.onlyRole, key.first != role, !allReset else { return false }
        return since <= head.serverTime
    }

    /// Ends the reading. Returns the rows that are gone, whose last counts nobody can know, and why.
    mutating func end() -> (gone: [RowKey], quality: Quality) {
        var gone: [RowKey] = []
        for slot in keys.indices where seen[slot] != generation {
            guard slots[keys[slot]] == Int32(slot) else { continue }  // a free place
            gone.append(keys[slot])
            slots[keys[slot]] = nil
            free.append(Int32(slot))
            writeRemove(keys[slot])
        }
        head = next
        return (gone, evicted && !allReset ? .evicted : .reset)
    }

    // MARK: Rows

    private mutating func insert(_ key: RowKey, since: Int64, _ new: [Int64]) -> Int {
        let slot: Int
        if let place = free.popLast() {
            slot = Int(place)
            keys[slot] = key
            sinces[slot] = since
            seen[slot] = generation
            for column in new.indices { values[slot * columns.count + column] = new[column] }
        } else {
            slot = keys.count
            keys.append(key)
            sinces.append(since)
            seen.append(generation)
            values.append(contentsOf: new)
        }
        slots[key] = Int32(slot)
        return slot
    }

    private mutating func replace(_ slot: Int, since: Int64, _ new: [Int64]) {
        sinces[slot] = since
        for column in new.indices { values[slot * columns.count + column] = new[column] }
        writeInsert(slot)
    }

    /// Takes a row's totals as what it counted. Returns whether that is anything.
    @discardableResult private mutating func takeAll(_ new: [Int64]) -> Bool {
        var moved = false
        for column in new.indices {
            deltas[column] = new[column]
            if columns[column].kind != .gauge, new[column] != 0, new[column] != missingValue { moved = true }
        }
        return moved
    }

    private static func isBelow(_ new: Int64, _ old: Int64, _ kind: ReadingKind) -> Bool {
        guard new != missingValue, old != missingValue else { return false }
        // A sum of squares is made of rounded numbers: it proves nothing.
        return kind == .counter && new < old
    }

    private static func subtract(_ new: Int64, _ old: Int64) -> Int64 {
        guard new != missingValue, old != missingValue else { return missingValue }
        let difference = Double(bitPattern: UInt64(bitPattern: new)) - Double(bitPattern: UInt64(bitPattern: old))
        return Int64(bitPattern: max(0, difference).bitPattern)
    }

    // MARK: Restoring

    /// Takes over what a record says.
    mutating func restore(head: ReadingHead) { self.head = head }
    mutating func restore(_ key: RowKey, since: Int64, _ new: [Int64]) {
        if let slot = slots[key].map(Int.init) {
            sinces[slot] = since
            for column in new.indices { values[slot * columns.count + column] = new[column] }
        } else {
            _ = insert(key, since: since, new)
        }
    }
    mutating func restoreRemoval(_ key: RowKey) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        free.append(slot)
    }
}
