import Support
import Testing

/// The Kafka under a test: librdkafka's mock cluster, or a real one.
enum Broker: Sendable, CustomTestStringConvertible {
    case mock
    case real(version: String, brokers: Int, security: RealKafka.Security)

    /// What the pipeline is tried on where a distribution is found.
    static let real: [Broker] = [
        .real(version: "4.2", brokers: 1, security: .none),
        .real(version: "4.2", brokers: 3, security: .none),
        .real(version: "4.2", brokers: 1, security: .mtls),
        .real(version: "3.9", brokers: 1, security: .scram),
    ]

    /// One of them, for the tests of what does not hang on how many brokers there are or how one signs in.
    static let plain = [real[0]]

    /// The mock cluster, and that one where a distribution is found.
    static let mockAndReal = [mock] + (RealKafka.isFound ? plain : [])

    var testDescription: String {
        switch self {
        case .mock: "mock cluster"
        case .real(let version, let brokers, let security):
            "Kafka \(version), \(brokers) broker(s), \(security.rawValue)"
        }
    }

    /// Runs `body` with the cluster, which is destroyed after it; nil: the system under test brings its own.
    func with(_ body: (RealKafka?) async throws -> Void) async throws {
        switch self {
        case .mock: try await body(nil)
        case .real(let version, let brokers, let security):
            try await RealKafka.with(brokers: brokers, version: version, security: security) { try await body($0) }
        }
    }
}
