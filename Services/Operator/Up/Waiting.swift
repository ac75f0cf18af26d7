import Foundation
import Glibc

/// Asks `probe` every 50 ms until it gives a value.
///
/// - Throws: ``StackError`` naming `what` when nothing came within the time.
@discardableResult
func waitFor<Value: Sendable>(
    _ what: String, within limit: Duration, _ probe: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await probe() { return value }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw StackError("waited \(limit) in vain for \(what)")
}

/// A file as text without white space around it; empty when it is not there.
///
/// - Parameter last: how many of its last bytes are read.
func readText(_ path: String, last: Int = 4096) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    fseek(file, max(0, ftell(file) - last), SEEK_SET)
    var buffer = [UInt8](repeating: 0, count: last)
    let count = fread(&buffer, 1, last, file)
    return String(decoding: buffer[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}
