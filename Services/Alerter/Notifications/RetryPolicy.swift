/// When a delivery that failed is tried again.
struct RetryPolicy: Sendable, Equatable {
    var first: Int64 = 500_000
    var longest: Int64 = 300_000_000
    /// Older than this it is given up.
    var giveUpAfter: Int64 = 24 * 3_600_000_000
    /// A receiver may ask for this much patience and no more.
    var longestAsked: Int64 = 3_600_000_000

    /// Microseconds to wait after so many attempts: doubling from the first, halved or kept by `jitter` (0…1) so that
    /// many alerters do not come back together, and never less than the receiver asked for.
    func delay(attempts: Int, asked: Int64?, jitter: Double) -> Int64 {
        let doubled = Double(first) * Double(1 << min(max(attempts - 1, 0), 30))
        let backoff = Int64(min(doubled, Double(longest)) * (0.5 + 0.5 * min(max(jitter, 0), 1)))
        return max(backoff, min(asked ?? 0, longestAsked))
    }

    /// A `Retry-After` field: seconds, or an HTTP date. Microseconds from now; nil for what is neither.
    static func retryAfter(_ field: String, now: Moment) -> Int64? {
        let text = field.trimmed
        if let seconds = Int64(text) { return seconds >= 0 ? min(seconds, 86_400) * 1_000_000 : nil }
        return HTTPDate.microseconds(text).map { max(0, $0 - now.wall) }
    }
}
