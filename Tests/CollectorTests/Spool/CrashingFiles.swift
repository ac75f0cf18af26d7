import Synchronization

@testable import Collector

/// A directory in memory that forgets: at a crash, what was not synced is kept up to a random byte, and names that were
/// not synced may be there or not.
final class CrashingFiles: SpoolFileSystem {
    struct Crash: Error {}

    private struct File {
        var content: [UInt8] = []
        var durable = 0
        /// Unsynced shortening: what a crash may bring back.
        var before: [UInt8]?
    }

    private struct State {
        var files: [String: File] = [:]
        /// What the directory on disk says: name → file, as of the last sync of the directory.
        var directory: [String: File] = [:]
        var operations = 0
        var crashAt: Int?
        var failures: [Int: SpoolError.Code] = [:]
        var full = false
        var random: Random
    }

    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(random: Random(state: seed))) }

    var operations: Int { state.withLock { $0.operations } }

    /// The n-th operation from now does not return, and nothing after it.
    func crash(after operations: Int) { state.withLock { $0.crashAt = $0.operations + operations } }
    func fail(after operations: Int, _ code: SpoolError.Code) {
        state.withLock { $0.failures[$0.operations + operations] = code }
    }
    func setFull(_ full: Bool) { state.withLock { $0.full = full } }
    func contents(_ name: String) -> [UInt8]? { state.withLock { $0.files[name]?.content } }
    func overwrite(_ name: String, _ content: [UInt8]) {
        state.withLock {
            $0.files[name] = File(content: content, durable: content.count)
            $0.directory[name] = $0.files[name]
        }
    }

    /// The machine comes back after the crash.
    func restart() {
        state.withLock { state in
            state.crashAt = nil
            state.full = false
            var survived: [String: File] = [:]
            for name in Set(state.files.keys).union(state.directory.keys) {
                let live = state.files[name]
                let onDisk = state.directory[name]
                // A name that was not synced may have reached the disk or not.
                let chosen = live == nil || onDisk == nil ? (Bool.random(using: &state.random) ? live : onDisk) : live
                guard var file = chosen else { continue }
                if let before = file.before, Bool.random(using: &state.random) { file.content = before }
                file.durable = min(file.durable, file.content.count)
                let kept = Int.random(in: file.durable...file.content.count, using: &state.random)
                file.content = Array(file.content.prefix(kept))
                // An unsynced block may come back as anything.
                if kept > file.durable, Int.random(in: 0..<3, using: &state.random) == 0 {
                    file.content[Int.random(in: file.durable..<kept, using: &state.random)] ^= 0xff
                }
                survived[name] = File(content: file.content, durable: file.content.count)
            }
            state.files = survived
            state.directory = survived
        }
    }

    private func operation<T>(_ writes: Bool, _ body: (inout State) throws(SpoolError) -> T) throws(SpoolError) -> T {
        var result: Result<T, SpoolError> = .failure(SpoolError(code: .io, message: "crashed"))
        state.withLock { state in
            state.operations += 1
            if let at = state.crashAt, state.operations >= at { return }
            if let code = state.failures.removeValue(forKey: state.operations) {
                result = .failure(SpoolError(code: code, message: "injected"))
                return
            }
            if writes, state.full {
                result = .failure(SpoolError(code: .noSpace, message: "no space left"))
                return
            }
            do throws(SpoolError) { result = .success(try body(&state)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    var hasCrashed: Bool { state.withLock { state in state.crashAt.map { state.operations >= $0 } ?? false } }

    func list() throws(SpoolError) -> [String] {
        try operation(false) { state throws(SpoolError) in Array(state.files.keys) }
    }

    func size(_ name: String) throws(SpoolError) -> Int {
        try operation(false) { state throws(SpoolError) in try Self.file(name, state).content.count }
    }

    func read(_ name: String, at offset: Int, count: Int) throws(SpoolError) -> [UInt8] {
        try operation(false) { state throws(SpoolError) in
            Array(try Self.file(name, state).content.dropFirst(offset).prefix(count))
        }
    }

    func create(_ name: String) throws(SpoolError) {
        try operation(true) { state throws(SpoolError) in state.files[name] = File() }
    }

    func append(_ name: String, _ bytes: [UInt8]) throws(SpoolError) {
        try operation(true) { state throws(SpoolError) in
            var file = try Self.file(name, state)
            file.content += bytes
            state.files[name] = file
            state.directory[name].map { _ in state.directory[name] = file }
        }
    }

    func truncate(_ name: String, to size: Int) throws(SpoolError) {
        try operation(false) { state throws(SpoolError) in
            var file = try Self.file(name, state)
            file.before = file.content
            file.content = Array(file.content.prefix(size))
            file.durable = min(file.durable, size)
            state.files[name] = file
        }
    }

    func sync(_ name: String) throws(SpoolError) {
        try operation(false) { state throws(SpoolError) in
            var file = try Self.file(name, state)
            file.durable = file.content.count
            file.before = nil
            state.files[name] = file
            if state.directory[name] != nil { state.directory[name] = file }
        }
    }

    func rename(_ name: String, to newName: String) throws(SpoolError) {
        try operation(false) { state throws(SpoolError) in
            state.files[newName] = try Self.file(name, state)
            state.files[name] = nil
        }
    }

    func remove(_ name: String) throws(SpoolError) {
        try operation(false) { state throws(SpoolError) in state.files[name] = nil }
    }

    func syncDirectory() throws(SpoolError) {
        try operation(false) { state throws(SpoolError) in state.directory = state.files }
    }

    private static func file(_ name: String, _ state: State) throws(SpoolError) -> File {
        guard let file = state.files[name] else { throw SpoolError(code: .notFound, message: "no \(name)") }
        return file
    }
}
