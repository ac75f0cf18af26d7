import Glibc
import Synchronization

extension ChildProcess {
    /// What came of a program that was run to its end.
    public typealias Result = (status: ExitStatus, output: String, error: String)

    /// Runs a program to its end and hands back what it wrote.
    ///
    /// It is killed, with what it started, when it takes longer than `timeout`, writes more than `limit` bytes, or the
    /// task is cancelled. The other parameters are those of ``spawn(executable:arguments:environment:workingDirectory:user:input:stdout:stderr:processGroup:parentDeathSignal:)``.
    public static func run(
        executable: String, arguments: [String] = [], environment: [String: String]? = nil,
        workingDirectory: String? = nil, user: String? = nil, input: [UInt8]? = nil,
        timeout: Duration = .seconds(300), limit: Int = 64 << 20
    ) async throws -> Result {
        let child = try spawn(
            executable: executable, arguments: arguments, environment: environment, workingDirectory: workingDirectory,
            user: user, input: input, stdout: .pipe, stderr: .pipe, processGroup: true)
        defer { child.kill(SIGKILL) }
        let texts = [Gathered(), Gathered()]
        return try await withThrowingTaskGroup(of: Step.self) { group in
            for (stream, text) in zip([child.output!, child.errorOutput!], texts) {
                group.addTask {
                    while let bytes = try await stream.read() {
                        guard text.add(bytes) <= limit else { return .tooMuch }
                    }
                    return .endOfFile
                }
            }
            // Waits for the child's end, and stops waiting when the group is cancelled.
            group.addTask { await child.wait(within: timeout).map { .ended($0) } ?? .late }
            var status: ExitStatus?
            var open = 2
            while open > 0 || status == nil {
                switch try await group.next()! {
                case .endOfFile: open -= 1
                case .ended(let end):
                    status = end
                    // Something it left running in the background may hold the pipes open: nobody waits for that.
                    group.addTask {
                        try? await Task.sleep(for: .seconds(2))
                        return .settled
                    }
                case .settled: open = 0
                case .late:
                    try Task.checkCancellation()
                    throw RuntimeError(.timeout, "\(executable) had not ended after \(timeout) and was killed")
                case .tooMuch:
                    throw RuntimeError(.tooMuchOutput, "\(executable) wrote more than \(limit) bytes and was killed")
                }
            }
            group.cancelAll()
            return (status!, texts[0].text, texts[1].text)
        }
    }

    private enum Step: Sendable { case endOfFile, ended(ExitStatus), settled, late, tooMuch }

    /// What was read of one stream.
    private final class Gathered: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func add(_ more: [UInt8]) -> Int {
            bytes.withLock { bytes in
                bytes += more
                return bytes.count
            }
        }

        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }
}
