extension AnyTopic {
    /// The envelope of a message of this topic, from its headers.
    ///
    /// - Throws: ``Refusal/newer(_:)`` of a version that this binary does not know, ``Refusal/bad(reason:detail:)`` when
    ///   headers are missing or malformed, or name another message than the topic's.
    public func envelope(headers: [(name: String, value: [UInt8])]) throws(Refusal) -> Envelope {
        do {
            let envelope = try Envelope(headers: headers, supported: version)
            guard envelope.type == message else {
                throw Refusal.bad(reason: "type", detail: "a \(envelope.type) where \(message) is expected")
            }
            return envelope
        } catch {
            throw Refusal(error)
        }
    }
}
