/// One step of a schema: how to take it, and how to take it back.
public struct Migration: Sendable {
    /// 1, 2, 3, …; never reused.
    public let version: Int
    /// A few words.
    public let name: String
    /// SQL, run in one transaction.
    public let up: String
    /// SQL that undoes `up`, run in one transaction.
    public let down: String

    /// A step.
    public init(version: Int, name: String, up: String, down: String) {
        self.version = version
        self.name = name
        self.up = up
        self.down = down
    }
}

/// Where a schema stands.
public struct MigrationStatus: Sendable, Equatable {
    /// A step and when it was taken.
    public struct Step: Sendable, Equatable {
        /// The step's number.
        public var version: Int
        /// Its name.
        public var name: String
        /// Microseconds since 1970 UTC, nil: not yet.
        public var appliedAt: Int64?
        /// Whether the SQL differs from what was run then.
        public var isChanged: Bool
    }
    /// Every step that is known here or was taken there, in order.
    public var steps: [Step]
    /// The last step taken; 0: none.
    public var current: Int
    /// The last step known here.
    public var latest: Int

    /// Whether there are steps to take.
    public var isTooOld: Bool { current < latest }
    /// Whether steps were taken that this program does not know.
    public var isTooNew: Bool { current > latest }
}
