import Glibc
import Runtime
import Testing

/// The collector's own binary, as a process.
final class CollectorProcess: Sendable {
    let child: ChildProcess
    let log: String

    /// Beside the tests' own binary.
    static let binary: String = {
        let own = CommandLine.arguments[0]
        let folder = own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        let places = [folder, folder + "/..", ".build/debug", ".build/release"].map { $0 + "/pganalytics-collector" }
        return places.first { access($0, X_OK) == 0 } ?? ".build/debug/pganalytics-collector"
    }()

    init(directory: String, settings: String, arguments: [String] = [], environment: [String: String] = [:]) throws {
        let file = directory + "/collector.toml"
        try Self.write(settings, to: file)
        log = directory + "/collector.log"
        var all = environment
        all["PATH"] = "/usr/bin:/bin"
        child = try ChildProcess.spawn(
            executable: Self.binary, arguments: arguments + ["--config", file], environment: all, stdout: .file(log),
            stderr: .file(log))
    }

    static func write(_ text: String, to file: String) throws {
        let descriptor = open(file, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
    }

    static func read(_ file: String) -> String {
        let descriptor = open(file, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    var logText: String { Self.read(log) }

    /// A folder of its own under /tmp, removed by ``remove(_:)``.
    static func folder() -> String {
        let path = "/tmp/pga-collector-test-\(getpid())-\(Int.random(in: 0..<1_000_000_000))"
        mkdir(path, 0o700)
        return path
    }

    static func remove(_ folder: String) {
        precondition(folder.hasPrefix("/tmp/pga-collector-test-"))
        let lines = popen("rm -rf '\(folder)'", "r")
        if let lines { pclose(lines) }
    }
}
