/// Whether a server's texts may be asked for, and how large they are thought to be. Every such reading makes the server load
/// all of its texts: what failed, or is too large, is left alone for longer than the usual minute.
///
/// Pure: times are microseconds of any clock that does not go back.
struct TextPace: Sendable {
    /// The pause after a failure doubles from the usual one up to this.
    static let longest: Int64 = 4 * 3_600_000_000
    /// How long texts that are too large are believed to be so.
    static let largePause: Int64 = 3_600_000_000
    /// The size of texts that took longer than a statement may.
    static let endless = Int64.max

    private var size: Int64?
    /// When the texts were found too large, and how many statements the server had.
    private var large: (since: Int64, rows: Int)?
    private var failures = 0
    private var pausedUntil = Int64.min

    /// Whether the server has rested since the last failure.
    func isDue(at now: Int64) -> Bool { now >= pausedUntil }

    /// The mean length of a text, of which the server has `rows`.
    func meanLength(rows: Int) -> Int64 {
        guard let size, size != Self.endless else { return 8_192 }
        return size / Int64(max(1, rows))
    }

    /// What the texts took when they were last looked at. Forgotten where that was too much and they may have become fewer:
    /// after a pause, or when the server has lost most of its statements.
    mutating func known(at now: Int64, rows: Int) -> Int64? {
        if let large, now - large.since >= Self.largePause || rows < large.rows / 2 {
            self.large = nil
            size = nil
        }
        return size
    }

    /// The texts were read, or found to be larger than `limit`.
    mutating func looked(size: Int64?, limit: Int64, rows: Int, at now: Int64) {
        failures = 0
        self.size = size ?? self.size
        if let size = self.size, size > limit {
            large = large ?? (now, rows)
        } else {
            large = nil
        }
    }

    /// The texts could not be read; `size` is what they were thought to take.
    mutating func failed(isTimeout: Bool, size: Int64?, rows: Int, at now: Int64) {
        if isTimeout, size == nil {
            self.size = Self.endless
            large = (now, rows)
        } else {
            failures += 1
            pausedUntil = now + min(StatementNames.pause << Int64(min(failures, 20)), Self.longest)
        }
    }
}
