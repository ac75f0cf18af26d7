/// How much a YAML text may be.
public struct YAMLLimits: Sendable, Hashable {
    /// The most bytes.
    public var bytes = 4 << 20
    /// The most levels of sequences and mappings.
    public var depth = 64
    /// The most scalars, sequences and mappings, each alias counted as all that it stands for: a few hundred bytes of
    /// aliases of aliases would otherwise grow to gigabytes.
    public var nodes = 200_000

    /// The usual limits.
    public init() {}
}
