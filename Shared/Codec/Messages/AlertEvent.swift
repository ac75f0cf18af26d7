/// A change of an alert's state, or an attempt to deliver one.
public struct AlertEvent: Message {
    public static let name = "pganalytics.v1.AlertEvent"

    /// What is reported.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case stateChange = 1
        case delivery = 2
    }

    /// Where the alert stands.
    public enum State: UInt8, Sendable, CaseIterable {
        case inactive = 1
        case pending = 2
        case firing = 3
        case resolved = 4
    }

    /// What came of a delivery.
    public enum DeliveryStatus: UInt8, Sendable, CaseIterable {
        /// No delivery is reported.
        case none = 0
        case delivered = 1
        /// It failed and is tried again.
        case failed = 2
        /// It failed for good.
        case abandoned = 3
    }

    /// Derived from the cause, so that an event that is sent twice is known the second time.
    public var identity: String
    /// A hash of the alert's labels.
    public var fingerprint: String
    public var rule: String
    public var instance: String
    public var kind: Kind
    public var state: State
    /// When this happened, in microseconds UTC.
    public var time: Int64
    /// Since when the condition holds, in microseconds UTC.
    public var startsAt: Int64
    /// When it ended, in microseconds UTC; 0 while it holds.
    public var endsAt: Int64
    public var value: Double
    public var labels: [Label]
    public var annotations: [Label]
    /// To whom, for a delivery.
    public var receiver: String
    public var deliveryStatus: DeliveryStatus
    /// Counted from 1.
    public var attempt: Int32
    /// What the receiver answered; 0 when it did not.
    public var httpStatus: Int32
    /// Why, in words.
    public var detail: String

    public init(
        identity: String = "", fingerprint: String = "", rule: String = "", instance: String = "", kind: Kind,
        state: State, time: Int64 = 0, startsAt: Int64 = 0, endsAt: Int64 = 0, value: Double = 0,
        labels: [Label] = [], annotations: [Label] = [], receiver: String = "",
        deliveryStatus: DeliveryStatus = .none, attempt: Int32 = 0, httpStatus: Int32 = 0, detail: String = ""
    ) {
        self.identity = identity
        self.fingerprint = fingerprint
        self.rule = rule
        self.instance = instance
        self.kind = kind
        self.state = state
        self.time = time
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.value = value
        self.labels = labels
        self.annotations = annotations
        self.receiver = receiver
        self.deliveryStatus = deliveryStatus
        self.attempt = attempt
        self.httpStatus = httpStatus
        self.detail = detail
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, identity)
        writer.string(2, fingerprint)
        writer.string(3, rule)
        writer.string(4, instance)
        writer.enumeration(5, kind)
        writer.enumeration(6, state)
        writer.int64(7, time)
        writer.int64(8, startsAt)
        writer.int64(9, endsAt)
        writer.double(10, value)
        writer.messages(11, labels)
        writer.messages(12, annotations)
        writer.string(13, receiver)
        writer.enumeration(14, deliveryStatus)
        writer.int32(15, attempt)
        writer.int32(16, httpStatus)
        writer.string(17, detail)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        self.init(kind: .stateChange, state: .inactive)
        var kind: Kind?
        var state: State?
        while let field = try reader.next() {
            switch field.number {
            case 1: identity = try reader.string(field)
            case 2: fingerprint = try reader.string(field)
            case 3: rule = try reader.string(field)
            case 4: instance = try reader.string(field)
            case 5: kind = try reader.enumeration(field, Kind.self)
            case 6: state = try reader.enumeration(field, State.self)
            case 7: time = try reader.int64(field)
            case 8: startsAt = try reader.int64(field)
            case 9: endsAt = try reader.int64(field)
            case 10: value = try reader.double(field)
            case 11: labels.append(try reader.message(field))
            case 12: annotations.append(try reader.message(field))
            case 13: receiver = try reader.string(field)
            case 14: deliveryStatus = try reader.enumeration(field, DeliveryStatus.self)
            case 15: attempt = try reader.int32(field)
            case 16: httpStatus = try reader.int32(field)
            case 17: detail = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        guard let kind, let state else {
            throw WireError(.missing, at: start, "an alert event does not say its kind and state")
        }
        self.kind = kind
        self.state = state
    }
}
