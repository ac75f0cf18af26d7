import Foundation
import Glibc
import Runtime

/// How often memory is asked for: a process of its own runs the work under glibc's `mtrace`, and its log is counted.
enum Allocations {
    /// Allocations for each of so many repetitions of the work called `word`; nil where glibc's tracer is not installed.
    static func count(_ word: String, repetitions: Int) async throws -> Double? {
        let tracer = ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib64"]
            .map { $0 + "/libc_malloc_debug.so.0" }.first { access($0, R_OK) == 0 }
        guard let tracer else { return nil }
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("mtrace-\(getpid())-\(word)")
        defer { try? FileManager.default.removeItem(at: log) }
        var environment = ProcessEnvironment.all
        environment["LD_PRELOAD"] = tracer
        environment["MALLOC_TRACE"] = log.path
        let result = try await ChildProcess.run(
            executable: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            arguments: ["allocations", word, String(repetitions)], environment: environment)
        guard result.status.isSuccess, let text = try? String(contentsOf: log, encoding: .utf8) else { return nil }
        // "@ place + address size"; a reallocation is written as "<" and ">".
        let asked = text.split(separator: "\n").count { $0.contains(" + ") || $0.contains(" > ") }
        return Double(asked) / Double(repetitions)
    }

    /// The other side: `body` under the tracer.
    static func traced(_ body: () throws -> Void) rethrows {
        call("mtrace")
        try body()
        call("muntrace")
    }

    private static func call(_ name: String) {
        // Named with its version: without one the stub of the same name in libc is found, which does nothing.
        // dlvsym itself is a GNU extension, which the Glibc module leaves out.
        typealias Lookup =
            @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>, UnsafePointer<CChar>)
            -> UnsafeMutableRawPointer?
        let everywhere = UnsafeMutableRawPointer(bitPattern: 0)
        guard let lookup = dlsym(everywhere, "dlvsym"),
            let symbol = unsafeBitCast(lookup, to: Lookup.self)(everywhere, name, "GLIBC_2.2.5")
        else { return }
        unsafeBitCast(symbol, to: (@convention(c) () -> Void).self)()
    }
}
