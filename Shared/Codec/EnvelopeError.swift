/// Why a message's headers could not be used.
public enum EnvelopeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A header that every message of ours has is absent.
    case missing(header: String)
    /// A header does not hold what it should.
    case malformed(header: String, value: String)
    /// The message is of a version that this binary does not know: not bad, but to be kept for a newer one.
    case newerVersion(found: Int, supported: Int)

    /// A short name for counters and dead letters.
    public var code: String {
        switch self {
        case .missing: "header_missing"
        case .malformed: "header_malformed"
        case .newerVersion: "newer_version"
        }
    }

    public var description: String {
        switch self {
        case .missing(let header): "header \(header) is missing"
        case .malformed(let header, let value): "header \(header) holds '\(value)'"
        case .newerVersion(let found, let supported):
            "message of version \(found), and this binary knows up to \(supported): upgrade it"
        }
    }
}
