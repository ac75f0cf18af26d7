import Glibc
import Synchronization

/// A result that one thread waits for and another gives.
final class Answer<T: Sendable>: Sendable {
    /// A semaphore is made to be shared by threads; its address does not move.
    private nonisolated(unsafe) let given = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let result = Mutex<Result<T, any Error>?>(nil)

    init() { sem_init(given, 0, 0) }

    deinit {
        sem_destroy(given)
        given.deallocate()
    }

    func give(_ result: Result<T, any Error>) {
        self.result.withLock { $0 = result }
        sem_post(given)
    }

    func take() -> Result<T, any Error> {
        while sem_wait(given) != 0 && errno == EINTR {}
        return result.withLock { $0! }
    }
}
