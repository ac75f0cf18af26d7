/// What the headers of a message say: CloudEvents in binary mode, and the version of the payload.
public struct Envelope: Sendable, Equatable {
    /// The stream that the message belongs to, as ``StreamName`` writes it.
    public var source: String
    /// `<epoch>.<sequence>` on a topic with sequences; elsewhere what identifies the message.
    public var id: String
    /// The full name of the message, such as `pganalytics.v1.Table`.
    public var type: String
    /// When it was made, in microseconds UTC.
    public var time: Int64
    /// The version of the payload.
    public var version: Int
    /// A signature over the payload, when the producer signs.
    public var signature: [UInt8]?
    /// W3C trace context, when the producer traces.
    public var traceparent: String?

    public init(
        source: String, id: String, type: String, time: Int64, version: Int, signature: [UInt8]? = nil,
        traceparent: String? = nil
    ) {
        self.source = source
        self.id = id
        self.type = type
        self.time = time
        self.version = version
        self.signature = signature
        self.traceparent = traceparent
    }

    /// The envelope of a message with a sequence.
    public init<M>(
        _ topic: Topic<M>, stream: StreamName, epoch: String, sequence: UInt64, time: Int64
    ) {
        self.init(
            source: stream.description, id: "\(epoch).\(sequence)", type: M.name, time: time, version: topic.version)
    }

    /// The envelope of a message that its identity makes idempotent.
    public init<M>(_ topic: Topic<M>, stream: StreamName, identity: String, time: Int64) {
        self.init(source: stream.description, id: identity, type: M.name, time: time, version: topic.version)
    }

    /// Reads the headers. The version is looked at first: of a newer message nothing else is judged.
    public init(headers: [(name: String, value: [UInt8])], supported: Int) throws(EnvelopeError) {
        let version = try Self.text(headers, Name.version)
        guard let number = Int(version), number > 0 else {
            throw .malformed(header: Name.version, value: version)
        }
        guard number <= supported else { throw .newerVersion(found: number, supported: supported) }
        let specification = try Self.text(headers, Name.specification)
        guard specification == "1.0" else { throw .malformed(header: Name.specification, value: specification) }
        let time = try Self.text(headers, Name.time)
        guard let microseconds = Timestamp.microseconds(time) else { throw .malformed(header: Name.time, value: time) }
        self.init(
            source: try Self.text(headers, Name.source), id: try Self.text(headers, Name.id),
            type: try Self.text(headers, Name.type), time: microseconds, version: number,
            signature: headers.first { $0.name == Name.signature }?.value,
            traceparent: headers.contains { $0.name == Name.trace } ? try Self.text(headers, Name.trace) : nil)
    }

    /// As Kafka headers.
    public var headers: [(name: String, value: [UInt8])] {
        var headers: [(name: String, value: [UInt8])] = [
            (Name.specification, Array("1.0".utf8)),
            (Name.source, Array(source.utf8)),
            (Name.id, Array(id.utf8)),
            (Name.type, Array(type.utf8)),
            (Name.time, Array(Timestamp.text(time).utf8)),
            (Name.content, Array("application/protobuf".utf8)),
            (Name.version, Array(String(version).utf8)),
        ]
        if let signature { headers.append((Name.signature, signature)) }
        if let traceparent { headers.append((Name.trace, Array(traceparent.utf8))) }
        return headers
    }

    /// The place in its stream; nil when the id is not of that form.
    public var position: (epoch: String, sequence: UInt64)? {
        guard let dot = id.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let digits = id[id.utf8.index(after: dot)...]
        guard dot > id.startIndex, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let sequence = UInt64(digits),
            sequence > 0
        else { return nil }
        return (String(id[..<dot]), sequence)
    }

    /// The names of the headers.
    public enum Name {
        public static let specification = "ce_specversion"
        public static let source = "ce_source"
        public static let id = "ce_id"
        public static let type = "ce_type"
        public static let time = "ce_time"
        public static let content = "content-type"
        public static let version = "pga-version"
        public static let signature = "pga-signature"
        public static let trace = "traceparent"
    }

    private static func text(
        _ headers: [(name: String, value: [UInt8])], _ name: String
    ) throws(EnvelopeError) -> String {
        guard let header = headers.first(where: { $0.name == name }) else { throw .missing(header: name) }
        guard let text = String(validating: header.value, as: UTF8.self), !text.isEmpty else {
            throw .malformed(header: name, value: String(decoding: header.value, as: UTF8.self))
        }
        return text
    }
}
