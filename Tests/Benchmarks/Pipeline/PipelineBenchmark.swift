import Codec
import Foundation
import Kafka
import Postgres
import Runtime

/// `pipeline.samples_per_s`: encode, Kafka, committed, all at once; beside the broker alone.
enum PipelineBenchmark {
    static func run(_ report: Report, _ world: World, _ messages: Messages) async throws {
        var connection = try await world.connection()
        let sent = try await World.committed(&connection)
        let writer = try world.spawn("writer")
        defer { writer.kill(SIGKILL) }
        // The group has formed when a first round is stored.
        let warm = messages.fleet("warm", instances: World.partitions, cycles: 1)
        try await world.send(warm.map { messages.record($0.table, $0.sequence) })
        try await World.until(sent + warm.count, &connection)
        let fleet = messages.fleet("flow", instances: 48, cycles: 12)
        let samples = Double(fleet.reduce(0) { $0 + $1.table.sampleCount })
        let clock = ContinuousClock()
        let begin = clock.now
        for start in stride(from: 0, to: fleet.count, by: 48) {
            let records = fleet[start..<min(start + 48, fleet.count)].map { messages.record($0.table, $0.sequence) }
            try await world.send(records)
        }
        let produced = (clock.now - begin).seconds
        try await World.until(sent + warm.count + fleet.count, &connection)
        let seconds = (clock.now - begin).seconds
        _ = await writer.stop(within: .seconds(10))
        let alone = try await brokerAlone(world, messages, fleet)
        report.add(
            "pipeline.samples_per_s", samples / seconds, "samples/s",
            "first bar 200 k; \(fleet.count) tables encoded, sent and committed, \(world.broker.kind); sending took "
                + "\((100 * produced / seconds).formatted(0)) % of it; the same messages, encoded before, through librdkafka "
                + "alone \((samples / alone / 1e6).formatted(1)) M")
    }

    /// Seconds for the same messages to be acknowledged when nothing else is done.
    private static func brokerAlone(
        _ world: World, _ messages: Messages, _ fleet: [(table: Table, sequence: UInt64)]
    ) async throws -> Double {
        let records = fleet.map { messages.record($0.table, $0.sequence, topic: World.raw) }
        let clock = ContinuousClock()
        let begin = clock.now
        try await world.send(records)
        return (clock.now - begin).seconds
    }
}
