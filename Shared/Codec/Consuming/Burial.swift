/// Buries messages once each, though their batch may come again: knows which dead letters were acknowledged.
public struct Burial: Sendable {
    private struct Place: Hashable {
        let topic: String
        let partition: Int32
        let offset: Int64

        init(_ letter: DeadLetter) {
            topic = letter.topic
            partition = letter.partition
            offset = letter.offset
        }
    }

    /// Dead letters that were acknowledged, and whose batch is not done with.
    private var published: Set<Place> = []

    public init() {}

    /// Those that have to be published still.
    public func unpublished(_ letters: [DeadLetter]) -> [DeadLetter] {
        letters.filter { !published.contains(Place($0)) }
    }

    /// Takes note of what came of publishing, nil for each letter that was acknowledged.
    ///
    /// - Throws: the first error: a dead letter that is lost is a message lost, so that nothing is passed before it.
    public mutating func took(_ letters: [DeadLetter], _ errors: [(any Error)?]) throws {
        for (letter, error) in zip(letters, errors) where error == nil { published.insert(Place(letter)) }
        if let error = errors.compactMap({ $0 }).first { throw error }
    }

    /// The batch is done with, and does not come again.
    public mutating func passed(_ letters: [DeadLetter]) {
        for letter in letters { published.remove(Place(letter)) }
    }
}
