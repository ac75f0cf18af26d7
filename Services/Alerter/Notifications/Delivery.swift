/// One message to a receiver. Its identifier and body never change, however often it has to be sent: a receiver that
/// got it before drops it by the identifier.
struct Delivery: Sendable, Equatable, Codable {
    enum Kind: String, Sendable, Codable {
        /// The first page of an alert.
        case trigger
        /// The same again after the repeat interval.
        case reminder
        case resolve
    }

    /// The `webhook-id`: of the alert, its start, and which message it is.
    let id: String
    let fingerprint: String
    let rule: String
    let instance: String
    let startsAt: Int64
    let kind: Kind
    let receiver: String
    let body: String
    /// When it was decided on, wall clock.
    let createdAt: Int64
    /// When it may be sent next, wall clock.
    var notBefore: Int64
    /// How often sending was begun.
    var attempts = 0
    /// It may have reached the receiver without our knowing: set and stored before each attempt, taken back when the
    /// receiver is known not to have it by this attempt or by an earlier one.
    var mayHaveArrived = false
}

/// What came of an attempt.
enum DeliveryOutcome: Sendable, Equatable {
    case delivered(status: Int)
    /// May work later: no answer, 408, 425, 429, 5xx. `after` is what the receiver asked for, in microseconds;
    /// `mayHaveArrived` says that the bytes went out and no answer came back, or a gateway's instead of the receiver's.
    case retry(status: Int?, after: Int64?, mayHaveArrived: Bool, detail: String)
    /// Will never work as it is: every other answer.
    case refused(status: Int?, detail: String)

    /// Reads a receiver's answer. Redirects are not followed: a page goes where it was configured to go.
    static func of(status: Int, retryAfter: String?, now: Moment) -> DeliveryOutcome {
        switch status {
        case 200..<300: .delivered(status: status)
        case 408, 425, 429, 500..<600:
            .retry(
                status: status, after: retryAfter.flatMap { RetryPolicy.retryAfter($0, now: now) },
                mayHaveArrived: status == 502 || status == 504, detail: "HTTP \(status)")
        default: .refused(status: status, detail: "HTTP \(status)")
        }
    }
}
