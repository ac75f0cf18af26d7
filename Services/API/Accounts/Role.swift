/// What a user may do; each role may do what those below it may.
enum Role: String, Sendable, CaseIterable, Comparable {
    case viewer, user, admin

    static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .user: 1
        case .admin: 2
        }
    }
}
