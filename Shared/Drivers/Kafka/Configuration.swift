import CRdkafka

/// librdkafka's configuration object, until a client has been made of it.
struct Configuration: ~Copyable {
    // The only place where it is freed is deinit, and `rd_kafka_new`.
    let pointer: OpaquePointer

    init() { pointer = rd_kafka_conf_new() }

    /// Ours first, then the passed-through ones, which win.
    init(_ properties: [(String, String)], overriddenBy extra: [String: String]) throws(KafkaError) {
        self.init()
        for (name, value) in properties where extra[name] == nil { try set(name, value) }
        for (name, value) in extra.sorted(by: { $0.key < $1.key }) { try set(name, value) }
    }

    deinit { rd_kafka_conf_destroy(pointer) }

    /// Sets one property, or says which one is wrong; a secret's value is not repeated.
    func set(_ name: String, _ value: String) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        let reason: String
        switch rd_kafka_conf_set(pointer, name, value, &text, text.count) {
        case RD_KAFKA_CONF_OK: return
        case RD_KAFKA_CONF_UNKNOWN: reason = "there is no such property"
        default:
            reason = Configuration.isSecret(name) ? "its value is refused" : "\"\(value)\" is refused: \(string(text))"
        }
        throw KafkaError(
            .configuration,
            "librdkafka property \(name): \(reason); see CONFIGURATION.md of librdkafka \(KafkaSettings.libraryVersion)"
        )
    }

    /// Names whose value no message may show.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["password", "secret", "key.pem", "oauthbearer", "jaas"].contains { name.contains($0) }
    }

    /// Makes the client. `rd_kafka_new` takes the configuration over only when it succeeds.
    consuming func makeHandle(_ type: rd_kafka_type_t) throws(KafkaError) -> OpaquePointer {
        var text = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_new(type, pointer, &text, text.count) else {
            let reason = string(text)
            _ = consume self
            throw KafkaError(.configuration, "librdkafka could not start a client: \(reason)")
        }
        discard self
        return handle
    }

    private func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
