import Glibc
import Synchronization

/// Looks host names up on threads of its own: `getaddrinfo` blocks, for half a minute when a name server is away.
final class NameResolver: Sendable {
    static let shared = NameResolver()

    /// At most this many lookups at once; the others wait their turn.
    private static let threadLimit = 8

    private struct State {
        var waiting: [Lookup] = []
        var threads = 0
    }
    private let state = Mutex(State())

    /// The numeric addresses of a name, in the resolver's order.
    func addresses(
        of name: String, until deadline: ContinuousClock.Instant, target: PostgresTarget
    ) async throws(PostgresError) -> [String] {
        if Self.isNumeric(name) { return [name] }
        let lookup = Lookup(name: name)
        let timer = Task { [lookup] in
            try? await Task.sleep(until: deadline, clock: .continuous)
            lookup.finish(.timedOut)
        }
        defer { timer.cancel() }
        enqueue(lookup)
        switch await lookup.wait() {
        case .addresses(let found) where !found.isEmpty: return found
        case .addresses:
            throw PostgresError(.connection, "\(target): the host name has no address: check it")
        case .failed(let reason):
            throw PostgresError(
                .connection, "\(target): the host name cannot be resolved (\(reason)): check it and the name server")
        case .timedOut:
            if Task.isCancelled {
                throw PostgresError(.cancelled, "\(target): cancelled while resolving the host name")
            }
            throw PostgresError(.timeout, "\(target): no answer from the name server in time")
        }
    }

    private func enqueue(_ lookup: Lookup) {
        let startThread = state.withLock { state in
            state.waiting.append(lookup)
            guard state.threads < Self.threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard startThread else { return }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<NameResolver>.fromOpaque(argument).takeUnretainedValue().work()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard status == 0 else {
            state.withLock { $0.threads -= 1 }
            lookup.finish(.failed("no thread for the lookup"))
            return
        }
        pthread_detach(thread)
    }

    /// One thread: lookups until none is waiting. `shared` lives for ever, so the unretained pointer is good.
    private func work() {
        while true {
            let next = state.withLock { state -> Lookup? in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.threads -= 1
                return nil
            }
            guard let next else { return }
            if !next.isFinished { next.finish(Self.resolve(next.name)) }
        }
    }

    private static func isNumeric(_ name: String) -> Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        defer { if let list { freeaddrinfo(list) } }
        return getaddrinfo(name, nil, &hints, &list) == 0
    }

    private static func resolve(_ name: String) -> Lookup.Outcome {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { return .failed(String(cString: gai_strerror(status))) }
        var found: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let flags = NI_NUMERICHOST
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, flags) == 0
            {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return .addresses(found)
    }
}

/// One lookup: finished once, by the thread, by the deadline or by cancellation, whichever comes first.
private final class Lookup: Sendable {
    enum Outcome: Sendable {
        case addresses([String])
        case failed(String)
        case timedOut
    }

    private enum State {
        case running
        case waiting(CheckedContinuation<Outcome, Never>)
        case finished(Outcome)
    }

    let name: String
    private let state = Mutex(State.running)

    init(name: String) { self.name = name }

    var isFinished: Bool {
        state.withLock { if case .finished = $0 { true } else { false } }
    }

    func finish(_ outcome: Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            switch state {
            case .finished: return nil
            case .running:
                state = .finished(outcome)
                return nil
            case .waiting(let continuation):
                state = .finished(outcome)
                return continuation
            }
        }
        continuation?.resume(returning: outcome)
    }

    func wait() async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let done = state.withLock { state -> Outcome? in
                    if case .finished(let outcome) = state { return outcome }
                    state = .waiting(continuation)
                    return nil
                }
                if let done { continuation.resume(returning: done) }
            }
        } onCancel: {
            finish(.timedOut)
        }
    }
}
