/// Where a child's standard output or error goes.
public enum ChildStream: Sendable, Hashable {
    /// Where ours goes.
    case inherit
    /// Nowhere.
    case null
    /// To the end of this file, which is made (0640) when it is not there.
    case file(String)
    /// To us, through ``ChildProcess/output`` and ``ChildProcess/errorOutput``.
    case pipe
}
