import Synchronization

/// What became of each record of one `send`, and who waits for it.
final class Delivery: Sendable {
    private struct State {
        var results: [KafkaError?]
        var settled: [Bool]
        var outstanding: Int
        var waiter: CheckedContinuation<[KafkaError?], Never>?
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(
            State(
                results: Array(repeating: nil, count: count), settled: Array(repeating: false, count: count),
                outstanding: count, waiter: nil))
    }

    /// Notes the end of one record. Returns true when it was the last one.
    func settle(_ index: Int, _ error: KafkaError?) -> Bool {
        let (waiter, results, isLast) = state.withLock { state in
            guard index < state.settled.count, !state.settled[index] else {
                return (nil as CheckedContinuation<[KafkaError?], Never>?, [KafkaError?](), false)
            }
            state.settled[index] = true
            state.results[index] = error
            state.outstanding -= 1
            guard state.outstanding == 0 else { return (nil, [], false) }
            defer { state.waiter = nil }
            return (state.waiter, state.results, true)
        }
        waiter?.resume(returning: results)
        return isLast
    }

    /// Ends every record that has no result yet with this error.
    func settleAll(_ error: KafkaError) {
        let count = state.withLock { $0.settled.count }
        for index in 0..<count { _ = settle(index, error) }
    }

    /// Waits until all records have a result.
    func results() async -> [KafkaError?] {
        await withCheckedContinuation { continuation in
            let ready: [KafkaError?]? = state.withLock { state in
                if state.outstanding == 0 { return state.results }
                state.waiter = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}

/// All sends under way, by number. A record carries the number of its send and its place in it as librdkafka's opaque:
/// an integer, so that nothing can dangle.
final class DeliveryTable: Sendable {
    /// Places in one send; the rest of the 64 bits numbers the sends.
    static let placeBits = 20

    private struct State {
        var next: UInt = 1
        var open: [UInt: Delivery] = [:]
        /// Grows with every report served: tells a sender that found the queue full whether to try again at once.
        var served: UInt64 = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    var served: UInt64 { state.withLock { $0.served } }
    var outstanding: Int { state.withLock { $0.open.count } }

    /// A number for a new send, nil when closed.
    func open(_ delivery: Delivery) -> UInt? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            defer { state.next += 1 }
            state.open[state.next] = delivery
            return state.next
        }
    }

    /// Forgets a send of which everything is settled.
    func close(_ number: UInt) { state.withLock { _ = $0.open.removeValue(forKey: number) } }

    func find(_ number: UInt) -> Delivery? { state.withLock { $0.open[number] } }

    /// Reports were served, so there is room.
    func madeRoom() {
        let waiters = state.withLock { state in
            state.served += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until reports were served after `generation` was read. False when there is nothing to wait for: closed.
    func room(after generation: UInt64) async -> Bool {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.served != generation || state.isClosed { return true }
                state.waiters.append(continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
        return state.withLock { !$0.isClosed }
    }

    /// Takes no new sends.
    func refuse() {
        state.withLock { $0.isClosed = true }
        madeRoom()
    }

    /// Ends everything that is still open.
    func abandon(_ error: KafkaError) {
        let open = state.withLock { state in
            defer { state.open = [:] }
            return state.open.values.map { $0 }
        }
        for delivery in open { delivery.settleAll(error) }
    }
}
