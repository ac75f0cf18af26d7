import Testing

/// The real binaries as processes. One test after the other: each has the machine to itself.
@Suite(.serialized) enum Pipeline {}
