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

/// A small file as text without surrounding white space; empty when it is not there.
func readText(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
