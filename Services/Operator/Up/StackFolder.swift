import Foundation
import Glibc

/// The folder of an embedded system: given and kept, or temporary and removed at the end.
struct StackFolder: Sendable {
    let root: String
    private let isOurs: Bool

    /// - Parameter given: a folder to keep, made when it is not there; nil for a new temporary one.
    /// - Throws: ``StackError`` when it cannot be made.
    init(_ given: String?) throws(StackError) {
        if let given {
            guard mkdir(given, 0o711) == 0 || errno == EEXIST else {
                throw StackError("cannot make \(given): \(String(cString: strerror(errno)))")
            }
            root = given.hasPrefix("/") ? given : Self.workingDirectory + "/" + given
            isOurs = false
        } else {
            var template = Array("/tmp/pganalytics-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw StackError("cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
            }
            root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            isOurs = true
        }
        for name in ["logs", "collector", "api"] { mkdir("\(root)/\(name)", 0o700) }
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Where a process's output goes.
    func log(_ name: String) -> String { "\(root)/logs/\(name).log" }

    /// Removes a temporary folder with all that is in it; leaves a given one alone.
    func removeIfOurs() {
        guard isOurs else { return }
        try? FileManager.default.removeItem(atPath: root)
    }

    private static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}
