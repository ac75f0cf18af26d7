import Kafka
import Synchronization

/// The engine, and how far each partition has been used, under one lock: whoever stores sees both as they belong together.
final class AlertDesk: Sendable {
    private struct State {
        var engine: AlertEngine
        /// The next offset of each partition.
        var used: [TopicPartition: Int64] = [:]
    }

    private let state: Mutex<State>

    init(_ engine: AlertEngine) {
        state = Mutex(State(engine: engine))
    }

    /// Lends the engine.
    func with<T: Sendable>(_ body: (inout AlertEngine) -> sending T) -> T {
        state.withLock { body(&$0.engine) }
    }

    /// Lends the engine for a batch; `next` is used with it.
    func use<T: Sendable>(_ next: [TopicPartition: Int64], _ body: (inout AlertEngine) -> sending T) -> T {
        state.withLock { state in
            state.used.merge(next) { _, new in new }
            return body(&state.engine)
        }
    }

    /// What is to be stored, and the offsets that belong to it.
    func takeJournal() -> (journal: Journal, used: [TopicPartition: Int64]) {
        state.withLock { ($0.engine.takeJournal(), $0.used) }
    }

    /// Where partitions stand that were assigned.
    func place(_ offsets: [TopicPartition: Int64]) {
        state.withLock { $0.used.merge(offsets) { _, new in new } }
    }

    /// Where these partitions stand.
    func places(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
        state.withLock { state in state.used.filter { partitions.contains($0.key) } }
    }

    /// Partitions are not ours any more, nor are the states of these numbers.
    func forget(_ partitions: [TopicPartition], states: Set<Int32>) {
        state.withLock { state in
            for partition in partitions { state.used[partition] = nil }
            state.engine.forget(partitions: states)
        }
    }
}
