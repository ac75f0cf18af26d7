import Synchronization

@testable import Collector

/// A directory in memory on a disk of so many bytes, which nobody else fills; and files of it that cannot be read.
final class SmallDisk: SpoolFileSystem {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var limit: Int
        var unreadable: [String: SpoolError.Code] = [:]
    }

    private let state: Mutex<State>

    init(bytes: Int) { state = Mutex(State(limit: bytes)) }

    var used: Int { state.withLock { $0.files.values.reduce(0) { $0 + $1.count } } }
    var segments: [String] { state.withLock { $0.files.keys.filter { $0.hasSuffix(".seg") }.sorted() } }

    func resize(_ bytes: Int) { state.withLock { $0.limit = bytes } }
    /// Reading a file fails; `nil`: it does not.
    func refuse(_ name: String, _ code: SpoolError.Code?) { state.withLock { $0.unreadable[name] = code } }

    private func file<T>(
        _ name: String, _ body: (inout [UInt8], Int) throws(SpoolError) -> T
    ) throws(SpoolError) -> T {
        let result = state.withLock { state -> Result<T, SpoolError> in
            guard var content = state.files[name] else {
                return .failure(SpoolError(code: .notFound, message: "no \(name)"))
            }
            let free = state.limit - state.files.values.reduce(0) { $0 + $1.count }
            defer { state.files[name] = content }
            do throws(SpoolError) { return .success(try body(&content, free)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func check(_ name: String) throws(SpoolError) {
        if let code = state.withLock({ $0.unreadable[name] }) {
            throw SpoolError(code: code, message: "reading \(name)")
        }
    }

    func list() -> [String] { state.withLock { Array($0.files.keys) } }
    func size(_ name: String) throws(SpoolError) -> Int {
        try file(name) { content, _ throws(SpoolError) in content.count }
    }

    func read(_ name: String, at offset: Int, count: Int) throws(SpoolError) -> [UInt8] {
        try check(name)
        return try file(name) { content, _ throws(SpoolError) in Array(content.dropFirst(offset).prefix(count)) }
    }

    func create(_ name: String) { state.withLock { $0.files[name] = [] } }

    /// What there is room for is written, as a disk does.
    func append(_ name: String, _ bytes: [UInt8]) throws(SpoolError) {
        try file(name) { content, free throws(SpoolError) in
            content += bytes.prefix(max(0, free))
            if bytes.count > free { throw SpoolError(code: .noSpace, message: "no space left") }
        }
    }

    func truncate(_ name: String, to size: Int) throws(SpoolError) {
        try file(name) { content, _ throws(SpoolError) in content = Array(content.prefix(size)) }
    }

    func sync(_ name: String) {}

    func rename(_ name: String, to newName: String) throws(SpoolError) {
        let content = try file(name) { content, _ throws(SpoolError) in content }
        state.withLock {
            $0.files[newName] = content
            $0.files[name] = nil
        }
    }

    func remove(_ name: String) { state.withLock { $0.files[name] = nil } }
    func syncDirectory() {}
}
