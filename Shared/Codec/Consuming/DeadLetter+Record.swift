extension DeadLetter {
    /// A dead letter as it goes to Kafka: under the key that the message had.
    public typealias Record = (key: [UInt8], value: [UInt8], headers: [(name: String, value: [UInt8])])

    /// No key of ours is as long. A longer one is whole in the letter, and cut where Kafka keeps it.
    private static let longestKey = 1_024

    /// The record of at most `limit` bytes that carries this letter. A letter that is too large is cut, and its detail
    /// says so: first the payload's end goes, then the headers, then the key.
    public func record(limit: Int) -> Record {
        let key = Array((key ?? []).prefix(Self.longestKey))
        let envelope = Envelope(
            Topics.deadletter,
            stream: StreamName(
                producer: consumer, topic: Topics.deadletter.name, key: String(decoding: key, as: UTF8.self)),
            identity: "\(consumer)/\(topic)/\(partition)/\(offset)", time: time)
        let headers = envelope.headers
        // A record's and a batch's own fields, and each header's lengths, are at most this.
        let around = 128 + key.count + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 10 }
        return (key, encoded(limit: limit - around), headers)
    }

    private func encoded(limit: Int) -> [UInt8] {
        var letter = self
        var bytes = letter.encoded()
        // What is said of a cut is not longer than this.
        var excess: Int { bytes.count + 100 - limit }
        guard bytes.count > limit else { return bytes }
        if let value, !value.isEmpty {
            let kept = max(0, value.count - excess)
            letter.value = Array(value.prefix(kept))
            letter.detail += " (the first \(kept) of \(value.count) bytes are kept)"
            bytes = letter.encoded()
        }
        if bytes.count > limit, !letter.headers.isEmpty {
            letter.headers = []
            letter.detail += " (without its \(headers.count) headers)"
            bytes = letter.encoded()
        }
        if bytes.count > limit, let key {
            letter.key = Array(key.prefix(Self.longestKey))
            letter.detail += " (the key's first \(Self.longestKey) of \(key.count) bytes are kept)"
            bytes = letter.encoded()
        }
        return bytes
    }
}
