import CLinux
import Glibc
import Synchronization

/// The epoll descriptor, the waits that are under way, and the loop that ends them.
final class ReadinessPoller: Sendable {
    enum End: Sendable {
        case outcome(SocketReadiness.Outcome)
        case cancelled
    }

    /// A cancellation may come before the wait is registered, after it, or never: each finds the state it needs.
    private enum Slot {
        case begun
        case cancelledEarly
        case waiting(descriptor: CInt, isOurs: Bool, CheckedContinuation<End, Never>)
    }

    private struct State {
        var next: UInt64 = 1
        var slots: [UInt64: Slot] = [:]
        var deadlines = DeadlineHeap()
        /// Until when the loop sleeps; an earlier deadline has to wake it.
        var wakeAt: ContinuousClock.Instant?
        var isStopped = false
    }

    /// The id of the event that wakes the loop.
    private static let wakeID: UInt64 = 0

    private let epoll: CInt
    private let event: CInt
    private let state = Mutex(State())

    init() throws(RuntimeError) {
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw RuntimeError(.system, "epoll_create1: \(systemMessage(errno))") }
        event = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard event >= 0 else { throw RuntimeError(.system, "eventfd: \(systemMessage(errno))") }
        var registration = epoll_event()
        registration.events = EPOLLIN.rawValue
        registration.data.u64 = Self.wakeID
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, event, &registration) == 0 else {
            throw RuntimeError(.system, "epoll_ctl: \(systemMessage(errno))")
        }
    }

    deinit {
        if event >= 0 { close(event) }
        if epoll >= 0 { close(epoll) }
    }

    /// Takes a number for a wait that is about to be registered.
    func begin() -> UInt64 {
        state.withLock { state in
            let id = state.next
            state.next += 1
            state.slots[id] = .begun
            return id
        }
    }

    /// Registers the wait, unless it was cancelled meanwhile. Registration and `epoll_ctl` happen under one lock, so
    /// that neither a cancellation nor an event can fall between them.
    func register(
        _ id: UInt64, _ descriptor: CInt, _ interest: SocketReadiness.Interest, _ deadline: ContinuousClock.Instant,
        _ continuation: CheckedContinuation<End, Never>
    ) {
        let end: End? = state.withLock { state in
            guard case .begun = state.slots[id], !state.isStopped else {
                state.slots[id] = nil
                return .cancelled
            }
            switch add(id, descriptor, interest) {
            case .failed(let end):
                state.slots[id] = nil
                return end
            case .added(let descriptor, let isOurs):
                state.slots[id] = .waiting(descriptor: descriptor, isOurs: isOurs, continuation)
                state.deadlines.insert(deadline, id)
                state.deadlines.prune { [slots = state.slots] in slots[$0] != nil }
                if state.wakeAt.map({ deadline < $0 }) ?? true { wake() }
                return nil
            }
        }
        if let end { continuation.resume(returning: end) }
    }

    func cancel(_ id: UInt64) {
        let continuation: CheckedContinuation<End, Never>? = state.withLock { state in
            switch state.slots[id] {
            case .begun:
                state.slots[id] = .cancelledEarly
                return nil
            case .waiting: return remove(id, &state)
            case .cancelledEarly, nil: return nil
            }
        }
        continuation?.resume(returning: .cancelled)
    }

    func stop() {
        let waiting = state.withLock { state in
            state.isStopped = true
            wake()
            return state.slots.keys.compactMap { remove($0, &state) }
        }
        for continuation in waiting { continuation.resume(returning: .cancelled) }
    }

    /// The life of the thread.
    func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 128)
        while let timeout = prepare() {
            let count = epoll_wait(epoll, &events, CInt(events.count), timeout)
            for event in events.prefix(max(0, Int(count))) {
                if event.data.u64 == Self.wakeID {
                    var value: UInt64 = 0
                    _ = read(self.event, &value, 8)
                } else {
                    report(event.data.u64, event.events)
                }
            }
        }
    }

    /// Ends what has run out of time; returns for how many milliseconds to sleep, or nil when stopped.
    private func prepare() -> CInt? {
        let now = ContinuousClock.now
        var late: [CheckedContinuation<End, Never>] = []
        let timeout: CInt? = state.withLock { state in
            guard !state.isStopped else { return nil }
            while let id = state.deadlines.removeFirst(dueBy: now) {
                if let continuation = remove(id, &state) { late.append(continuation) }
            }
            state.wakeAt = state.deadlines.first
            guard let next = state.wakeAt else { return -1 }
            let (seconds, attoseconds) = (next - now).components
            // Rounded up: waking early would spin until the time has come.
            return CInt(min(seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1, 3_600_000))
        }
        for continuation in late { continuation.resume(returning: .outcome(.timedOut)) }
        return timeout
    }

    private func report(_ id: UInt64, _ events: UInt32) {
        // An event of a wait that was cancelled or timed out meanwhile finds no slot. Numbers are never used twice.
        guard let continuation = state.withLock({ remove(id, &$0) }) else { return }
        let broken = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        continuation.resume(
            returning: .outcome(
                .ready(
                    readable: broken || events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
                    writable: broken || events & EPOLLOUT.rawValue != 0)))
    }

    private enum Addition {
        case added(descriptor: CInt, isOurs: Bool)
        case failed(End)
    }

    private func add(_ id: UInt64, _ descriptor: CInt, _ interest: SocketReadiness.Interest) -> Addition {
        var registration = epoll_event()
        registration.data.u64 = id
        registration.events = EPOLLONESHOT.rawValue
        if interest != .write { registration.events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        if interest != .read { registration.events |= EPOLLOUT.rawValue }
        if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &registration) == 0 {
            return .added(descriptor: descriptor, isOurs: false)
        }
        if errno == EEXIST {
            // Two waits for one socket (one reads, one writes): epoll knows a descriptor once, so the second has its own.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            if copy >= 0 {
                if epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &registration) == 0 {
                    return .added(descriptor: copy, isOurs: true)
                }
                close(copy)
            }
            return .failed(.outcome(.timedOut))
        }
        // Out of memory or of watches: the caller treats it as a time-out, and comes again.
        if errno == ENOMEM || errno == ENOSPC { return .failed(.outcome(.timedOut)) }
        return .failed(.outcome(.ready(readable: interest != .write, writable: interest != .read)))
    }

    /// Takes a wait out, with its registration, before its owner can close the descriptor.
    private func remove(_ id: UInt64, _ state: inout State) -> CheckedContinuation<End, Never>? {
        guard case .waiting(let descriptor, let isOurs, let continuation) = state.slots[id] else { return nil }
        state.slots[id] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
        if isOurs { close(descriptor) }
        return continuation
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }
}
