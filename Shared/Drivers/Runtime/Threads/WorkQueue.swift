import Glibc
import Synchronization

/// A list of pieces of work that one thread waits for.
///
/// `Mutex` has no condition variable, so this is pthread's pair, at an address that does not move.
/// Unchecked, because `work` and `isStopped` are only touched while `mutex` is held.
final class WorkQueue: @unchecked Sendable {
    enum Work {
        case job(UnownedJob, UnownedSerialExecutor)
        case body(@Sendable () -> Void)

        func perform() {
            switch self {
            case .job(let job, let executor): job.runSynchronously(on: executor)
            case .body(let body): body()
            }
        }
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var work: [Work] = []
    private var isStopped = false
    private var isOwned = true
    /// The thread that performs work at the moment, which is how isolation is checked.
    private let owner = Atomic<UInt>(0)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Whether the calling thread is the one that performs the work.
    var isCurrent: Bool { owner.load(ordering: .acquiring) == UInt(pthread_self()) }

    /// Adds work; false when it was refused, because the queue is stopped.
    ///
    /// A job of an actor cannot be refused: its actor would hang for ever. After the stop it is performed by whoever
    /// brought it, still one at a time.
    func add(_ new: Work) -> Bool {
        pthread_mutex_lock(mutex)
        if isStopped, case .body = new {
            pthread_mutex_unlock(mutex)
            return false
        }
        work.append(new)
        if isStopped && !isOwned {
            isOwned = true
            pthread_mutex_unlock(mutex)
            performAll()
        } else {
            pthread_cond_signal(condition)
            pthread_mutex_unlock(mutex)
        }
        return true
    }

    /// Lets the thread end once the work that is there is done.
    func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// The life of the thread, and of whoever performs what comes after it: until stopped and nothing is left.
    func performAll() {
        let previous = owner.exchange(UInt(pthread_self()), ordering: .acquiringAndReleasing)
        pthread_mutex_lock(mutex)
        while true {
            while work.isEmpty && !isStopped { pthread_cond_wait(condition, mutex) }
            if work.isEmpty { break }
            let batch = work
            work = []
            pthread_mutex_unlock(mutex)
            for piece in batch { piece.perform() }
            pthread_mutex_lock(mutex)
        }
        owner.store(previous, ordering: .releasing)
        isOwned = false
        pthread_mutex_unlock(mutex)
    }
}
