/// What the analyzer found, with the evidence.
public struct Finding: Message {
    public static let name = "pganalytics.v1.Finding"

    /// Where a finding stands.
    public enum State: UInt8, Sendable, CaseIterable {
        case opened = 1
        case updated = 2
        case resolved = 3
    }

    /// Derived from the cause, so that a finding that is sent twice is known the second time.
    public var identity: String
    /// Which rule, such as `statement_broken`.
    public var kind: String
    public var instance: String
    /// What it is about: a statement's name, or its queryid.
    public var subject: String
    public var state: State
    /// When the state came about, in microseconds UTC.
    public var time: Int64
    /// The window that was judged, in microseconds UTC.
    public var windowStart: Int64
    public var windowEnd: Int64
    /// What was measured, what is usual, and what it passed.
    public var value: Double
    public var baseline: Double
    public var threshold: Double
    public var unit: Unit
    /// How many readings the baseline is of.
    public var samples: Int64
    /// One sentence for people.
    public var summary: String
    public var evidence: [Label]

    public init(
        identity: String = "", kind: String = "", instance: String = "", subject: String = "", state: State,
        time: Int64 = 0, windowStart: Int64 = 0, windowEnd: Int64 = 0, value: Double = 0, baseline: Double = 0,
        threshold: Double = 0, unit: Unit = .none, samples: Int64 = 0, summary: String = "", evidence: [Label] = []
    ) {
        self.identity = identity
        self.kind = kind
        self.instance = instance
        self.subject = subject
        self.state = state
        self.time = time
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.value = value
        self.baseline = baseline
        self.threshold = threshold
        self.unit = unit
        self.samples = samples
        self.summary = summary
        self.evidence = evidence
    }

    public func write(to writer: inout WireWriter) {
        writer.string(1, identity)
        writer.string(2, kind)
        writer.string(3, instance)
        writer.string(4, subject)
        writer.enumeration(5, state)
        writer.int64(6, time)
        writer.int64(7, windowStart)
        writer.int64(8, windowEnd)
        writer.double(9, value)
        writer.double(10, baseline)
        writer.double(11, threshold)
        writer.enumeration(12, unit)
        writer.int64(13, samples)
        writer.string(14, summary)
        writer.messages(15, evidence)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        self.init(state: .opened)
        var state: State?
        while let field = try reader.next() {
            switch field.number {
            case 1: identity = try reader.string(field)
            case 2: kind = try reader.string(field)
            case 3: instance = try reader.string(field)
            case 4: subject = try reader.string(field)
            case 5: state = try reader.enumeration(field, State.self)
            case 6: time = try reader.int64(field)
            case 7: windowStart = try reader.int64(field)
            case 8: windowEnd = try reader.int64(field)
            case 9: value = try reader.double(field)
            case 10: baseline = try reader.double(field)
            case 11: threshold = try reader.double(field)
            case 12: unit = try reader.unit(field)
            case 13: samples = try reader.int64(field)
            case 14: summary = try reader.string(field)
            case 15: evidence.append(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        guard let state else { throw WireError(.missing, at: start, "a finding does not say its state") }
        self.state = state
    }
}
