import Codec

/// The cursor of a list that is ordered by time and, within one, by identity.
struct TimeCursor: Sendable, Equatable {
    var time: Int64
    var id: String

    init(time: Int64, id: String) {
        self.time = time
        self.id = id
    }

    /// Reads the parameter; nil without one.
    init?(_ text: String?, kind: String) throws(Problem) {
        guard let text else { return nil }
        let fields = try Cursor(text, kind: kind, count: 2).fields
        guard let time = Int64(fields[0]), Plausible.times.contains(time) else { throw Cursor.refusal }
        self.init(time: time, id: fields[1])
    }

    var fields: [String] { [String(time), id] }
}
