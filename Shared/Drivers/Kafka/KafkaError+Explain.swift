import CRdkafka

extension KafkaError {
    /// An error of librdkafka's in our words.
    ///
    /// `detail` is what librdkafka says of it, `subject` what was tried (`topic x`, empty for a connection).
    static func explained(
        _ error: rd_kafka_resp_err_t, detail: String? = nil, subject: String = "", settings: KafkaSettings
    ) -> KafkaError {
        let name = String(cString: rd_kafka_err2name(error))
        let said = detail.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: rd_kafka_err2str(error))
        return explained(
            name: name, said: said, subject: subject, settings: settings, libraryVersion: rd_kafka_version())
    }

    /// The same by the error's name, so that it can be tested with any version of the library.
    static func explained(
        name: String, said: String, subject: String, settings: KafkaSettings, libraryVersion: Int32
    ) -> KafkaError {
        let place = settings.place
        let prefix = subject.isEmpty ? "" : "\(subject): "
        func error(_ code: Code, _ text: String, retriable: Bool = true, fatal: Bool = false) -> KafkaError {
            KafkaError(code, oneLine(prefix + text), isRetriable: retriable, isFatal: fatal)
        }
        switch name {
        case "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED":
            return error(.authentication, authentication(said, settings, libraryVersion))
        case "UNSUPPORTED_SASL_MECHANISM":
            return error(
                .authentication,
                "\(place) does not offer the SASL mechanism \(settings.saslMechanism ?? "in use"): \(said); set "
                    + "sasl.mechanism to one of the broker's"
            )
        case "_SSL":
            return error(.ssl, certificate(said, settings))
        case "_ALL_BROKERS_DOWN":
            return error(
                .allBrokersDown,
                "no broker of \(place) can be reached: \(said); is Kafka running, and the address right?")
        case "_TRANSPORT" where said.contains("SSL routines"):
            // TLS 1.3: the broker looks at our certificate when the handshake is over for us, and its alert comes with
            // the first answer, as a connection that was lost.
            return error(.ssl, certificate(said, settings))
        case "_TRANSPORT":
            return error(.transport, "\(said); is Kafka running at \(place), and is security.protocol the listener's?")
        case "_RESOLVE":
            return error(.resolve, "\(said); check the host names in \(place)")
        case "_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART":
            return error(
                .unknownTopic,
                "the topic does not exist at \(place); \(settings.missingTopicRemedy), topics are never made by writing "
                    + "to them")
        case "_UNKNOWN_PARTITION":
            return error(Code(rawValue: name), "the topic has no such partition at \(place)", retriable: false)
        case "_MSG_TIMED_OUT":
            return error(.messageTimedOut, "not acknowledged by \(place) within message.timeout.ms: \(said)")
        case "_TIMED_OUT", "_TIMED_OUT_QUEUE", "REQUEST_TIMED_OUT":
            return error(.timedOut, "no answer from \(place) in time: \(said)")
        case "MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE":
            return error(
                .messageTooLarge, "\(said); raise max.message.bytes of the topic and message.max.bytes, or send less",
                retriable: false)
        case "TOPIC_AUTHORIZATION_FAILED":
            return error(
                .topicAuthorization, "this principal may not do that at \(place): \(said); grant it an ACL on the topic"
            )
        case "GROUP_AUTHORIZATION_FAILED":
            return error(
                .groupAuthorization,
                "this principal may not use the group at \(place): \(said); grant it an ACL to read the group")
        case "CLUSTER_AUTHORIZATION_FAILED":
            return error(
                Code(rawValue: name),
                "this principal may not do that at \(place): \(said); grant it the ACL on the cluster")
        case "_FATAL":
            return error(.fatal, "\(said); the client has to be made anew", retriable: false, fatal: true)
        case "_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION":
            return error(.unsupported, "\(place) does not know this request: \(said)", retriable: false)
        case "_QUEUE_FULL":
            return error(
                .queueFull, "the producer's queue stayed full: \(place) takes records more slowly than they come")
        default:
            return error(Code(rawValue: name), "\(said) (at \(place))", retriable: !isPermanent(name))
        }
    }

    private static func authentication(_ said: String, _ settings: KafkaSettings, _ libraryVersion: Int32) -> String {
        let mechanism = settings.saslMechanism ?? "SASL"
        if mechanism.hasPrefix("SCRAM"), libraryVersion < 0x0206_0100 {
            // librdkafka #4895: before 2.6.1 the client nonce is sent twice, which Kafka 4 refuses as bad credentials.
            let version = "\(libraryVersion >> 24).\((libraryVersion >> 16) & 0xff).\((libraryVersion >> 8) & 0xff)"
            return
                "\(settings.place) refused \(mechanism): \(said). If it is Kafka 4 or newer the cause is "
                + "librdkafka \(version), which repeats the SCRAM nonce (fixed in 2.6.1): use librdkafka "
                + "2.6.1 or newer, SASL/PLAIN over TLS or client certificates; on Kafka 3 check "
                + "sasl.username and sasl.password"
        }
        return "\(settings.place) refused the sign-in by \(mechanism): \(said); check sasl.username and sasl.password"
    }

    private static func certificate(_ said: String, _ settings: KafkaSettings) -> String {
        let text = said.lowercased()
        let remedy: String
        if text.contains("certificate verify failed") || text.contains("self-signed") || text.contains("self signed")
            || text.contains("unable to get local issuer") || text.contains("broker certificate could not be verified")
        {
            remedy =
                "the broker's certificate is not signed by a CA we trust, or not for this host name: check "
                + "ssl.ca.location"
        } else if text.contains("alert") || text.contains("client") {
            remedy = "the broker refused our certificate: check ssl.certificate.location and ssl.key.location"
        } else if text.contains("wrong version number") || text.contains("http request") {
            remedy = "the broker does not speak TLS on this port: check security.protocol"
        } else {
            remedy = "check security.protocol, ssl.ca.location, ssl.certificate.location and ssl.key.location"
        }
        return "TLS with \(settings.place) failed: \(said); \(remedy)"
    }

    private static func isPermanent(_ name: String) -> Bool {
        name.hasPrefix("INVALID_") || name.hasPrefix("_INVALID") || name.hasPrefix("_PURGE")
            || ["POLICY_VIOLATION", "TOPIC_ALREADY_EXISTS", "_CONFLICT", "_STATE", "UNSUPPORTED_FOR_MESSAGE_FORMAT"]
                .contains(name)
    }

    /// librdkafka's texts may hold line feeds (OpenSSL's error stack).
    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: ", ")
    }
}
