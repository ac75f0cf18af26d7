import Codec
import Runtime

/// The figures of the whole: broker, storage and the services' own binaries.
enum PipelineBenchmarks {
    static func run(_ report: Report) async throws {
        let tables = RecordedTables.asSent(try RecordedTables.statements(), from: 1)
        func messages(_ epoch: Int) -> Messages {
            Messages(tables: tables, epoch: String(repeating: "0", count: 31) + "\(epoch)")
        }
        // Each has a broker and a storage of its own: one's load is no other's.
        if report.wants("writer.") { try await World.with { try await WriterBenchmark.run(report, $0, messages(1)) } }
        if report.wants("pipeline.samples") {
            try await World.with { try await PipelineBenchmark.run(report, $0, messages(2)) }
        }
        if report.wants("pipeline.freshness") { try await World.with { try await FreshnessBenchmark.run(report, $0) } }
    }
}
