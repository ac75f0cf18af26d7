/// Why a message cannot be used by this release.
public enum Refusal: Error, Sendable, Equatable {
    /// Bad data: it goes to the dead letters. A short name for counters, and what exactly is wrong.
    case bad(reason: String, detail: String)
    /// From a newer producer: its partition waits for a newer binary.
    case newer(String)

    /// What an error met in reading a message means for it. A detail may quote the message, which may be of any size: it
    /// is cut.
    public init(_ error: any Error) {
        switch error {
        case Refusal.newer(let detail): self = .newer(Self.cut(detail))
        case Refusal.bad(let reason, let detail): self = .bad(reason: reason, detail: Self.cut(detail))
        case let error as EnvelopeError:
            let detail = Self.cut(error.description)
            if case .newerVersion = error {
                self = .newer(detail)
            } else {
                self = .bad(reason: error.code, detail: detail)
            }
        case let error as WireError: self = .bad(reason: error.code.rawValue, detail: Self.cut(error.description))
        default: self = .bad(reason: "unusable", detail: Self.cut("\(error)"))
        }
    }

    private static func cut(_ detail: String) -> String {
        detail.utf8.count <= 1_000 ? detail : String(decoding: detail.utf8.prefix(1_000), as: UTF8.self) + "…"
    }
}
