public import Kafka

/// Why offsets could not be moved.
public enum OffsetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another consumer has moved the partition's offset: it owns the partition now, or has owned it.
    case fenced(TopicPartition, expected: Int64?, stored: Int64?)

    /// One line: where, what, and what follows.
    public var description: String {
        switch self {
        case .fenced(let partition, let expected, let stored):
            let was = expected.map { "\($0)" } ?? "none"
            let found = stored.map { "\($0)" } ?? "none"
            return "\(partition): the stored offset is \(found) where \(was) was expected: another consumer has moved "
                + "it; the batch is rolled back and the offsets are read again"
        }
    }
}
