import Codec

/// What goes one behind the other: topics in different lanes do not wait for each other.
enum Lane {
    /// Topics with a lane of their own; whatever else is in the spool goes with the first.
    static let all = [Topics.samples.name, Topics.statements.name]

    /// The lane that a topic (without prefix) goes in.
    static func of(_ topic: String) -> String { all.contains(topic) ? topic : all[0] }
}
