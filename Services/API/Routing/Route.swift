import HTTP

/// One operation: where it is, who may call it, what it takes and answers, and what does it. Documentation, checks and
/// dispatch all come from here, so none can say what the others do not do.
struct Route: Sendable {
    /// Who may call it. There is no default: a route says it.
    enum Access: Sendable, Equatable {
        case open
        case role(Role)
    }

    /// A piece of the path.
    enum Segment: Sendable, Equatable {
        case fixed(String)
        case value(String)
    }

    /// What the answer is.
    enum Answer: Sendable {
        /// JSON of this schema.
        case json(Schema)
        /// Another type of content.
        case content(String)
    }

    let method: String
    let pattern: String
    let access: Access
    /// The operation's name in the OpenAPI document.
    let operation: String
    let tag: String
    let summary: String
    var description = ""
    var parameters: [Parameter] = []
    /// The schema of the body; nil when it takes none.
    var body: Schema?
    let answer: Answer
    /// Statuses besides 200 that only this operation has.
    var problems: [Int] = []
    let handler: @Sendable (Call) async throws -> HTTPResponse

    /// The pattern's pieces.
    var segments: [Segment] {
        pattern.split(separator: "/").map {
            $0.hasPrefix("{") && $0.hasSuffix("}") ? .value(String($0.dropFirst().dropLast())) : .fixed(String($0))
        }
    }

    /// The values of the path, or nil when it is another path.
    func match(_ path: [String]) -> [String: String]? {
        let segments = self.segments
        guard segments.count == path.count else { return nil }
        var values: [String: String] = [:]
        for (segment, piece) in zip(segments, path) {
            switch segment {
            case .fixed(let text): if text != piece { return nil }
            case .value(let name):
                if piece.isEmpty { return nil }
                values[name] = piece
            }
        }
        return values
    }
}
