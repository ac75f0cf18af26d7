import Glibc

/// Quantiles of a stream in a few hundred bytes, mergeable, within a stated relative error.
///
/// The method is DDSketch (C. Masson, J. E. Rim, H. K. Lee: "DDSketch: A fast and fully-mergeable quantile sketch with
/// relative-error guarantees", PVLDB 12(12), 2019). Bucket `k` counts the values in (γ^(k−1), γ^k] with
/// γ = (1 + α) ÷ (1 − α), so that a quantile read from it is within α of a value that was really there.
///
/// Two bounds are ours. At more than `maximumBuckets` the lowest two are folded into one, which costs precision only
/// below the folded bucket. At more than `memory` values all counts are halved, so that a baseline forgets: a value
/// weighs half after `memory` ÷ 2 newer ones.
struct QuantileSketch: Sendable, Equatable {
    /// α: what a quantile may be off, relative to the true one.
    static let relativeError = 0.01
    /// Enough for a factor of 27,000 between the smallest and the largest value without folding.
    static let maximumBuckets = 512
    /// Values remembered before the old ones begin to fade: 30 days of one hour at a cycle of ten seconds.
    static let memory: UInt64 = 10_800

    private static let logGamma = log((1 + relativeError) / (1 - relativeError))

    /// Bucket numbers in ascending order.
    private(set) var keys: [Int32] = []
    /// How many values each bucket of `keys` holds; never zero.
    private(set) var counts: [UInt32] = []
    /// Values that were zero (or too small to have a logarithm).
    private(set) var zeros: UInt32 = 0
    /// All values held, zeros included.
    private(set) var count: UInt64 = 0

    init() {}

    /// Makes a sketch of stored parts; nil when they are not those of a sketch.
    init?(keys: [Int32], counts: [UInt32], zeros: UInt32) {
        guard keys.count == counts.count, keys.count <= Self.maximumBuckets, !counts.contains(0) else { return nil }
        guard zip(keys, keys.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.keys = keys
        self.counts = counts
        self.zeros = zeros
        count = counts.reduce(UInt64(zeros)) { $0 + UInt64($1) }
    }

    /// Counts one value. Negative and non-finite values are no measurements and are left out.
    mutating func add(_ value: Double) {
        guard value.isFinite, value >= 0 else { return }
        if count >= Self.memory { fade() }
        if value < 1e-12 {
            zeros += 1
        } else {
            add(key: Int32((log(value) / Self.logGamma).rounded(.up)), count: 1)
        }
        count += 1
        fold()
    }

    /// Adds all of another sketch, as if its values had been added here.
    mutating func merge(_ other: QuantileSketch) {
        for (key, count) in zip(other.keys, other.counts) { add(key: key, count: count) }
        zeros = zeros.addingReportingOverflow(other.zeros).overflow ? .max : zeros + other.zeros
        count += other.count
        while count > Self.memory { fade() }
        fold()
    }

    /// The value below which the share `q` of all values lies; nil when there is none.
    func quantile(_ q: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = min(max(q, 0), 1) * Double(count - 1)
        var below = UInt64(zeros)
        if Double(below) > rank { return 0 }
        for (key, count) in zip(keys, counts) {
            below += UInt64(count)
            if Double(below) > rank { return Self.value(of: key) }
        }
        return keys.last.map(Self.value(of:)) ?? 0
    }

    /// The point of a bucket that is at most α away from everything in it.
    private static func value(of key: Int32) -> Double {
        2 * exp(Double(key) * logGamma) / (exp(logGamma) + 1)
    }

    private mutating func add(key: Int32, count added: UInt32) {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        if low < keys.count, keys[low] == key {
            counts[low] = counts[low].addingReportingOverflow(added).overflow ? .max : counts[low] + added
        } else {
            keys.insert(key, at: low)
            counts.insert(added, at: low)
        }
    }

    /// Folds the lowest buckets together until there are few enough.
    private mutating func fold() {
        while keys.count > Self.maximumBuckets {
            counts[1] += counts[0]
            keys.removeFirst()
            counts.removeFirst()
        }
    }

    /// Halves all counts, the odd ones carried to the next bucket, so that no rank moves by more than one value.
    private mutating func fade() {
        var carry: UInt32 = 0
        func half(_ count: UInt32) -> UInt32 {
            let sum = UInt64(count) + UInt64(carry)
            carry = UInt32(sum & 1)
            return UInt32(sum >> 1)
        }
        zeros = half(zeros)
        counts = counts.map(half)
        let kept = counts.indices.filter { counts[$0] > 0 }
        keys = kept.map { keys[$0] }
        counts = kept.map { counts[$0] }
        count = counts.reduce(UInt64(zeros)) { $0 + UInt64($1) }
    }
}
