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

    private struct State {
        /// Names whose texts are in the spool.
        var published: Set<String> = []
        /// Names whose texts go with a server's next batch, or went with its last one, which may not be stored yet; and
        /// who else has such a statement. A name that is remembered must not get into the spool before its text.
        var carried: [String: Carried] = [:]
        var results: [String: Result] = [:]
        /// What each server's last batch carried.
        var handedOut: [String: [String]] = [:]
    }

    private struct Carried {
        var by: String
        var waiting: [(instance: String, queryid: Int64)] = []
    }

    private let thread = DedicatedThread(name: "statement-texts")
    private let state = Mutex(State())

    /// Names whose texts were published before the collector was restarted.
    func knows(_ names: some Sequence<String>) { state.withLock { $0.published.formUnion(names) } }

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

    /// On one thread at a time; for tests too.
    func work(_ texts: [StatementTexts.Text], instance: String, seenAt: Int64) {
        for text in texts {
            let statement = StatementNaming.statement(text, instance: instance, seenAt: seenAt)
            let name = statement.name
            let isNew = state.withLock { state in
                if let by = state.carried[name]?.by, by != instance {
                    state.carried[name]?.waiting.append((instance, text.queryid))
                } else if state.carried[name] != nil || state.published.contains(name) {
                    state.results[instance, default: Result()].names.append((text.queryid, name))
                } else {
                    return true
                }
                return false
            }
            guard isNew else { continue }
            let message = SpoolMessage(
                topic: Topics.statements.name, key: name, type: Statement.name,
                version: Topics.statements.version, time: seenAt, sequenced: Topics.statements.sequenced,
                payload: statement.encoded())
            state.withLock { state in
                state.carried[name] = Carried(by: instance)
                state.results[instance, default: Result()].names.append((text.queryid, name))
                state.results[instance, default: Result()].messages.append(message)
            }
        }
    }

    /// What was finished for a server since it was last asked for. What was given then is stored by now: a server asks
    /// when its batch before is.
    func collect(_ instance: String) -> Result {
        state.withLock { state in
            for name in state.handedOut.removeValue(forKey: instance) ?? [] {
                state.published.insert(name)
                for other in state.carried.removeValue(forKey: name)?.waiting ?? [] {
                    state.results[other.instance, default: Result()].names.append((other.queryid, name))
                }
            }
            let result = state.results.removeValue(forKey: instance) ?? Result()
            state.handedOut[instance] = result.messages.map(\.key)
            return result
        }
    }

    func stop() { thread.stop() }
}
