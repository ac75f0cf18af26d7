/// How far the delivery of what is in the spool is.
struct Watermark: Equatable, Sendable {
    /// Everything before it was delivered, or given up.
    private(set) var acknowledged = SpoolPosition(segment: 0, offset: 0)
    /// Everything that goes in a lane before its place was delivered: where that is further.
    private(set) var lanes: [String: SpoolPosition] = [:]

    /// The furthest place before which anything was delivered.
    var furthest: SpoolPosition { max(acknowledged, lanes.values.max() ?? acknowledged) }

    /// How far a lane is.
    func place(of lane: String) -> SpoolPosition { max(lanes[lane] ?? acknowledged, acknowledged) }

    /// Everything before a place is dealt with.
    mutating func advance(to place: SpoolPosition) {
        acknowledged = max(acknowledged, place)
        lanes = lanes.filter { $0.value > acknowledged }
    }

    /// Everything of a lane before a place was delivered.
    mutating func advance(_ lane: String, to place: SpoolPosition) {
        lanes[lane] = max(place, self.place(of: lane))
        advance(to: Lane.all.map { self.place(of: $0) }.min() ?? acknowledged)
    }

    /// Begins with the first place that is there.
    mutating func restart(at place: SpoolPosition) {
        acknowledged = place
        lanes = [:]
    }

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.count(acknowledged.segment)
        writer.count(acknowledged.offset)
        writer.count(lanes.count)
        for (lane, place) in lanes.sorted(by: { $0.key < $1.key }) {
            writer.string(lane)
            writer.count(place.segment)
            writer.count(place.offset)
        }
        return writer.bytes
    }

    init() {}

    init(from reader: inout ByteReader) throws(MalformedBytes) {
        acknowledged = try Self.place(&reader)
        // Versions before lanes were remembered end here.
        guard !reader.isAtEnd else { return }
        for _ in 0..<(try reader.count()) {
            let lane = try reader.string()
            lanes[lane] = try Self.place(&reader)
        }
    }

    private static func place(_ reader: inout ByteReader) throws(MalformedBytes) -> SpoolPosition {
        let segment = Int(truncatingIfNeeded: try reader.varint())
        return SpoolPosition(segment: segment, offset: Int(truncatingIfNeeded: try reader.varint()))
    }
}
