import CCurl
import Glibc
import Runtime
import Synchronization

/// The client's thread: takes transfers, drives libcurl, and hands results back.
final class TransferLoop: Sendable {
    let permits: (@Sendable (String) -> Bool)?
    private let logger: Logger
    private let multi: MultiHandle
    private let state = Mutex(State())
    private let lastID = Atomic<UInt64>(0)

    private struct State {
        var submitted: [Transfer] = []
        var cancelled: Set<UInt64> = []
        var closing = false
        var ended = false
    }

    /// `@unchecked Sendable`: used by the loop's thread alone, but for `curl_multi_wakeup`, which any thread may call.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    init(logger: Logger, permits: (@Sendable (String) -> Bool)?) {
        _ = curlIsReady
        self.logger = logger
        self.permits = permits
        guard let pointer = curl_multi_init() else { preconditionFailure("libcurl has no memory for its first handle") }
        multi = MultiHandle(pointer: pointer)
        _ = pga_curl_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, 64)
        _ = pga_curl_multi_set_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, 16)
    }

    func nextID() -> UInt64 { lastID.add(1, ordering: .relaxed).newValue }

    /// Starts the thread; it holds the loop until it is closed.
    func start() {
        Task {
            let thread = DedicatedThread(name: "http-client")
            _ = try? await thread.run { self.run() }
            thread.stop()
        }
    }

    func submit(_ transfer: Transfer) {
        let refusal: HTTPError? = state.withLock {
            if $0.closing { return HTTPError(.closed, "the HTTP client is closed") }
            if $0.cancelled.contains(transfer.id) { return .requestCancelled }
            $0.submitted.append(transfer)
            // Under the lock: the thread frees the handle after it has said that it ended.
            curl_multi_wakeup(multi.pointer)
            return nil
        }
        if let refusal { transfer.fail(refusal) }
    }

    func cancel(_ id: UInt64) {
        state.withLock {
            guard !$0.ended else { return }
            $0.cancelled.insert(id)
            curl_multi_wakeup(multi.pointer)
        }
    }

    /// The request has its outcome; a cancellation that came too late is dropped.
    func forget(_ id: UInt64) { state.withLock { _ = $0.cancelled.remove(id) } }

    func close() {
        state.withLock {
            guard !$0.closing else { return }
            $0.closing = true
            curl_multi_wakeup(multi.pointer)
        }
    }

    // MARK: on the thread

    func run() {
        var active: [UInt64: Transfer] = [:]
        while true {
            let (submitted, cancelled, closing) = state.withLock { state in
                defer { state.submitted = [] }
                return (state.submitted, state.cancelled, state.closing)
            }
            for transfer in submitted { begin(transfer, &active) }
            for id in cancelled {
                if let transfer = active.removeValue(forKey: id) { drop(transfer, .requestCancelled) }
            }
            if closing { break }
            var running: CInt = 0
            curl_multi_perform(multi.pointer, &running)
            finishDone(&active)
            curl_multi_poll(multi.pointer, nil, 0, 1000, nil)
        }
        for transfer in active.values { drop(transfer, HTTPError(.closed, "the HTTP client was closed")) }
        let late = state.withLock {
            $0.ended = true
            let late = $0.submitted
            $0.submitted = []
            return late
        }
        for transfer in late { transfer.fail(HTTPError(.closed, "the HTTP client was closed")) }
        curl_multi_cleanup(multi.pointer)
    }

    private func begin(_ transfer: Transfer, _ active: inout [UInt64: Transfer]) {
        do {
            let easy = try transfer.prepare()
            active[transfer.id] = transfer
            curl_multi_add_handle(multi.pointer, easy)
        } catch {
            transfer.fail(error)
        }
    }

    private func finishDone(_ active: inout [UInt64: Transfer]) {
        var code = CURLE_OK
        while let easy = pga_curl_multi_finished(multi.pointer, &code) {
            let done = Unmanaged<Transfer>.fromOpaque(pga_curl_get_private(easy)!).takeUnretainedValue()
            curl_multi_remove_handle(multi.pointer, easy)
            active.removeValue(forKey: done.id)
            done.finish(code)
        }
    }

    private func drop(_ transfer: Transfer, _ error: HTTPError) {
        if let easy = transfer.easy { curl_multi_remove_handle(multi.pointer, easy) }
        transfer.fail(error)
    }
}

extension HTTPError {
    fileprivate static let requestCancelled = HTTPError(.cancelled, "the request was cancelled")
}

/// Once a process, before any handle: not safe to race in old versions of libcurl.
private let curlIsReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
