import Foundation
import Runtime

/// `make bench`: measures, prints a table and writes `bench.json`.
///
///     pganalytics-bench [--only PREFIX] [--output FILE]
///     pganalytics-bench record URL FILE [CYCLES]     record tables of a server under a workload of our own
@main
struct Benchmarks {
    static func main() async throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "record" {
            guard arguments.count >= 3 else { fail("record needs the server's URL and a file") }
            try await Recorder.record(
                url: arguments[1], file: arguments[2], cycles: arguments.count > 3 ? Int(arguments[3]) ?? 12 : 12)
            return
        }
        if arguments.first == "allocations", arguments.count == 3 {
            try CodecBenchmarks.allocate(arguments[1], repetitions: Int(arguments[2]) ?? 1)
            return
        }
        var only = ProcessEnvironment.all["ONLY"] ?? ""
        var output = "bench.json"
        while let word = arguments.first {
            guard arguments.count >= 2 else { fail("\(word) needs a value") }
            switch word {
            case "--only": only = arguments[1]
            case "--output": output = arguments[1]
            default: fail("no such option: \(word)")
            }
            arguments.removeFirst(2)
        }
        let report = Report(only: only)
        do {
            try await CodecBenchmarks.run(report)
            try await PipelineBenchmarks.run(report)
        } catch {
            fail("\(error)")
        }
        try report.write(to: output)
    }

    static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("pganalytics-bench: \(message)\n".utf8))
        exit(1)
    }
}
