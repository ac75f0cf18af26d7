/// What a column's values mean for whoever adds them up.
public enum ColumnKind: UInt8, Sendable, CaseIterable {
    /// Part of the series' name: text, or a number such as a queryid.
    case label = 1
    /// What was counted during the interval: a delta, to be summed.
    case counter = 2
    /// What was so at the time of the reading.
    case gauge = 3
}

/// How the values of a column are held.
public enum ValueType: UInt8, Sendable, CaseIterable {
    case text = 1
    case integer = 2
    case double = 3
}
