import Runtime

/// Where reading goes on: what is assigned is positioned at its stored offsets, and what the broker cannot give, or does
/// not, is positioned anew.
extension ConsumerRun {
    /// The broker does not have our position: retention overtook us, or the topic is another one.
    func lost(_ partition: TopicPartition) async throws {
        guard awaiting == nil, repairs[partition] == nil else { return }
        let position = try await onThread { $0.positions[partition] }
        guard let position else { return }
        repairs[partition] = position
        nextPositioning = .now
    }

    func positionIfDue() async throws {
        if awaiting == nil, repairs.isEmpty { try await checkStuck() }
        guard awaiting != nil || !repairs.isEmpty, ContinuousClock.now >= nextPositioning else { return }
        do {
            if let partitions = awaiting {
                try await positionNew(partitions)
            } else {
                try await repair()
            }
            positioning.succeeded()
            positionBackoff.reset()
            setObstacle()
        } catch {
            if isFatal(error) { throw error }
            if isEnding { return }
            positioning.failed(error)
            loop.metrics.failed((error as? KafkaError)?.code ?? KafkaError.Code(rawValue: "sink"))
            nextPositioning = .now + positionBackoff.next()
            // The group must not wait for our database: its next rebalance would.
            if awaiting != nil { try await onThread { core throws in try core.assignNothing() } }
        }
    }

    private func positionNew(_ partitions: [TopicPartition]) async throws {
        let cluster = try await onThread { core throws in try core.clusterID(.seconds(2)) }
        let sink = loop.sink
        let stored = try await watchdog.busy { try await sink.assigned(partitions, clusterID: cluster) }
        owned = partitions
        let positions = try await resolve(partitions.map { ($0, stored[$0]) })
        try await onThread { core throws in try core.assign(positions) }
        awaiting = nil
        toldGaps = [:]
        loop.logger.info("Partitions assigned", [.kafkaPartitions: LogValue(partitions.count)])
    }

    private func repair() async throws {
        let wanted = repairs
        let resolved = try await resolve(wanted.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        try await onThread { core throws in
            var positions = core.positions
            for (partition, offset) in resolved where positions[partition] != nil { positions[partition] = offset }
            try core.assign(positions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        repairs = [:]
        toldGaps = [:]
    }

    /// Where each partition can really be read from: its wanted offset, the beginning when there is none, and the low
    /// watermark, after telling the gap, when what was wanted is gone.
    private func resolve(_ wanted: [(TopicPartition, Int64?)]) async throws -> [(TopicPartition, Int64)] {
        var positions: [(TopicPartition, Int64)] = []
        let partitions = wanted.map(\.0)
        let all = try await onThread { core throws in try core.watermarks(partitions, .seconds(5)) }
        for (partition, offset) in wanted {
            if isEnding { throw CancellationError() }
            guard let marks = all[partition] else {
                throw KafkaError(.timedOut, "\(partition): no broker told its offsets", isRetriable: true)
            }
            guard let offset else {
                positions.append((partition, marks.low))
                continue
            }
            if offset == ConsumerLoop.newest {
                positions.append((partition, marks.high))
            } else if offset > marks.high {
                try noteBeyondEnd(partition, offset, marks.high)
            } else if offset < marks.low {
                if toldGaps[partition] != marks.low {
                    loop.logger.warning(
                        "Records are gone before they were read",
                        [
                            .kafkaTopic: .string(partition.topic), .kafkaPartition: LogValue(partition.partition),
                            .kafkaOffset: LogValue(offset), .kafkaTo: LogValue(marks.low),
                        ])
                    let sink = loop.sink
                    // A gap that grew between two tries is told from where the last one ended.
                    let from = toldGaps[partition] ?? offset
                    try await watchdog.busy { try await sink.gap(partition, from: from, to: marks.low) }
                    toldGaps[partition] = marks.low
                }
                positions.append((partition, marks.low))
            } else {
                beyondEnd[partition] = nil
                positions.append((partition, offset))
            }
        }
        return positions
    }

    private func noteBeyondEnd(_ partition: TopicPartition, _ offset: Int64, _ high: Int64) throws(KafkaError) {
        let times = (beyondEnd[partition] ?? 0) + 1
        beyondEnd[partition] = times
        let message =
            "\(partition): the stored offset \(offset) lies beyond the end (\(high)): the topic was made anew, "
            + "or its log was cut. Reading on would skip records unseen; remove the stored offsets of this "
            + "topic to read it from its beginning, or bring the old topic back"
        throw KafkaError(.offsetBeyondEnd, message, isRetriable: times < 4, isFatal: times >= 4)
    }

    private func checkStuck() async throws {
        guard ContinuousClock.now >= nextStuckCheck else { return }
        nextStuckCheck = .now + .seconds(1)
        let patience = loop.stuckPatience
        guard let partition = try await onThread({ $0.stuckPartition(patience: patience) }) else { return }
        loop.logger.warning(
            "Partition has records but gives none, reading it anew",
            [.kafkaTopic: .string(partition.topic), .kafkaPartition: LogValue(partition.partition)])
        try await lost(partition)
    }
}
