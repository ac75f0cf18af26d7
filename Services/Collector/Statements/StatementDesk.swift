import Codec
import Runtime
import Synchronization

/// Takes texts apart beside the cycles: parsing thousands of texts takes seconds, and no sample waits for it.
///
/// One for the collector: a name that one server's text was given is not published again for another's.
final class StatementDesk: Sendable {
    /// What came of a server's texts, to be stored with its next cycle.
    struct Result: Sendable {
        var names: [(queryid: Int64, name: String)] = []
        var messages: [SpoolMessage] = []
    }

    private let thread = DedicatedThread(name: "statement-texts")
    private let published = Mutex<Set<String>>([])
    private let results = Mutex<[String: Result]>([:])

    /// Names whose texts were published before the collector was restarted.
    func knows(_ names: some Sequence<String>) { published.withLock { $0.formUnion(names) } }

    /// Takes texts of a server; the names come with ``collect(_:)`` later.
    func take(_ texts: [StatementTexts.Text], instance: String, seenAt: Int64) {
        guard !texts.isEmpty else { return }
        Task {
            // In pieces, so that other servers' texts come between.
            for start in stride(from: 0, to: texts.count, by: 50) {
                let piece = Array(texts[start..<min(start + 50, texts.count)])
                try? await thread.run { self.work(piece, instance: instance, seenAt: seenAt) }
            }
        }
    }

    private func work(_ texts: [StatementTexts.Text], instance: String, seenAt: Int64) {
        var result = Result()
        for text in texts {
            let statement = StatementNaming.statement(text, instance: instance, seenAt: seenAt)
            result.names.append((text.queryid, statement.name))
            guard published.withLock({ $0.insert(statement.name).inserted }) else { continue }
            result.messages.append(
                SpoolMessage(
                    topic: Topics.statements.name, key: statement.name, type: Statement.name,
                    version: Topics.statements.version, time: seenAt, sequenced: Topics.statements.sequenced,
                    payload: statement.encoded()))
        }
        results.withLock { results in
            results[instance, default: Result()].names += result.names
            results[instance, default: Result()].messages += result.messages
        }
    }

    /// What was finished for a server since it was last asked for.
    func collect(_ instance: String) -> Result { results.withLock { $0.removeValue(forKey: instance) } ?? Result() }

    func stop() { thread.stop() }
}
