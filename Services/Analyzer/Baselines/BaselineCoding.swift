/// A baseline as compact bytes, and back: what is stored of it.
///
/// Layout: version, then variable-length integers (LEB128, signed ones zigzag). Bucket numbers are stored as the step
/// from the one before. The bytes are ours alone, so a layout we do not know means that a newer analyzer wrote them:
/// an error, never a guess.
enum BaselineCoding {
    static let version: UInt8 = 1

    /// What was wrong with stored bytes.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func encode(_ baseline: Baseline) -> [UInt8] {
        var out = ByteWriter()
        out.bytes.append(version)
        out.signed(baseline.firstSeen)
        out.signed(baseline.lastSeen - baseline.firstSeen)
        out.sketch(baseline.allHours)
        out.unsigned(UInt64(baseline.hours.count))
        for hour in baseline.hours.keys.sorted() {
            out.unsigned(UInt64(hour))
            out.sketch(baseline.hours[hour]!)
        }
        out.text(baseline.name ?? "")
        out.unsigned(baseline.episode == nil ? 0 : 1)
        if let episode = baseline.episode { out.episode(episode) }
        out.unsigned(baseline.shadow == nil ? 0 : 1)
        if let shadow = baseline.shadow {
            out.signed(shadow.since)
            out.sketch(shadow.sketch)
        }
        return out.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(Failure) -> Baseline {
        var input = ByteReader(bytes: bytes)
        let found = try input.byte()
        guard found == version else {
            throw Failure(
                description: "baseline of layout \(found), this analyzer knows up to \(version): run the newer analyzer"
            )
        }
        var baseline = Baseline(firstSeen: try input.signed())
        baseline.lastSeen = baseline.firstSeen &+ (try input.signed())
        baseline.allHours = try input.sketch()
        for _ in 0..<(try input.count(limit: 24)) {
            let hour = try input.count(limit: 23)
            baseline.hours[hour] = try input.sketch()
        }
        let name = try input.text()
        baseline.name = name.isEmpty ? nil : name
        if try input.unsigned() == 1 { baseline.episode = try input.episode() }
        if try input.unsigned() == 1 {
            baseline.shadow = Shadow(since: try input.signed(), sketch: try input.sketch())
        }
        guard input.atEnd else { throw Failure(description: "bytes after the baseline's end at \(input.offset)") }
        return baseline
    }
}

/// Appends variable-length integers.
private struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func double(_ value: Double) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
        }
    }

    mutating func sketch(_ sketch: QuantileSketch) {
        unsigned(UInt64(sketch.zeros))
        unsigned(UInt64(sketch.keys.count))
        var previous: Int64 = 0
        for (key, count) in zip(sketch.keys, sketch.counts) {
            signed(Int64(key) - previous)
            previous = Int64(key)
            unsigned(UInt64(count))
        }
    }

    mutating func episode(_ episode: Episode) {
        let integers = [
            episode.windowStart, episode.lastBroken, episode.cycles, episode.calls, episode.total, episode.normal,
            episode.lastSaid, episode.said,
        ]
        integers.forEach { signed($0) }
        double(episode.peak)
        double(episode.baseline)
        text(episode.name)
    }

    mutating func text(_ text: String) {
        let utf8 = Array(text.utf8)
        unsigned(UInt64(utf8.count))
        bytes += utf8
    }
}

/// Reads what `ByteWriter` wrote; never past the end.
private struct ByteReader {
    let bytes: [UInt8]
    var offset = 0

    var atEnd: Bool { offset == bytes.count }

    mutating func byte() throws(BaselineCoding.Failure) -> UInt8 {
        guard offset < bytes.count else { throw .init(description: "baseline ends at \(offset)") }
        offset += 1
        return bytes[offset - 1]
    }

    mutating func unsigned() throws(BaselineCoding.Failure) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
        }
        throw .init(description: "integer without end at \(offset)")
    }

    mutating func signed() throws(BaselineCoding.Failure) -> Int64 {
        let raw = try unsigned()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    mutating func double() throws(BaselineCoding.Failure) -> Double {
        var pattern: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { pattern |= UInt64(try byte()) << shift }
        return Double(bitPattern: pattern)
    }

    mutating func count(limit: Int) throws(BaselineCoding.Failure) -> Int {
        let value = try unsigned()
        guard value <= UInt64(limit) else { throw .init(description: "\(value) is over \(limit) at \(offset)") }
        return Int(value)
    }

    mutating func sketch() throws(BaselineCoding.Failure) -> QuantileSketch {
        let zeros = UInt32(try count(limit: Int(UInt32.max)))
        var keys: [Int32] = []
        var counts: [UInt32] = []
        var previous: Int64 = 0
        for _ in 0..<(try count(limit: QuantileSketch.maximumBuckets)) {
            let (key, overflow) = previous.addingReportingOverflow(try signed())
            guard !overflow, let narrow = Int32(exactly: key) else {
                throw .init(description: "bucket number out of range at \(offset)")
            }
            previous = key
            keys.append(narrow)
            counts.append(UInt32(try count(limit: Int(UInt32.max))))
        }
        guard let sketch = QuantileSketch(keys: keys, counts: counts, zeros: zeros) else {
            throw .init(description: "buckets out of order at \(offset)")
        }
        return sketch
    }

    mutating func episode() throws(BaselineCoding.Failure) -> Episode {
        var episode = Episode(
            windowStart: try signed(), lastBroken: try signed(), name: "", cycles: try signed(), calls: try signed(),
            total: try signed(), normal: try signed(), lastSaid: try signed(), said: try signed())
        episode.peak = try double()
        episode.baseline = try double()
        episode.name = try text()
        return episode
    }

    mutating func text() throws(BaselineCoding.Failure) -> String {
        let length = try count(limit: 65_536)
        guard bytes.count - offset >= length else { throw .init(description: "text past the end at \(offset)") }
        defer { offset += length }
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }
}
