import Codec
import Kafka
import Offsets
import Postgres

/// One transaction: the rows of a plan, the sequences, the gaps, and the next offsets.
struct BatchTransaction {
    let clusterID: String
    let plan: BatchPlan
    let rows: BatchRows
    let instances: [String: Int32]
    /// Instances whose facts are new.
    let described: [String]
    /// Where each partition stood before.
    let moves: [OffsetTable.Move]
    /// What was published to the dead letters.
    let buried: [DeadLetter]
    let streams: [StreamKey: StreamLedger.Mark]
    /// Those of them that begin with this batch.
    let begun: [StreamKey]
    let names: [StatementNames.Key: String]
    let offsets: OffsetTable

    /// How long a statement may take before the connection is given up.
    private static let patience = Duration.seconds(120)

    /// Runs it.
    ///
    /// - Returns: rows stored.
    func run(_ connection: inout PostgresConnection) async throws -> Int {
        try await connection.transaction(timeout: Self.patience) { connection in
            let count = try await copyTables(&connection)
            try await upsertRows(&connection)
            try await account(&connection)
            try await offsets.advance(moves, clusterID: clusterID, &connection)
            return count
        }
    }

    /// One COPY a family, over all messages of the batch.
    private func copyTables(_ connection: inout PostgresConnection) async throws -> Int {
        var byTable: [String: (layout: FamilyLayout, places: [Int])] = [:]
        for (place, item) in plan.items.enumerated() {
            guard case .table(let table) = item.input, table.rowCount > 0 else { continue }
            let layout = FamilyLayout.of(table.family)
            byTable[layout.table, default: (layout, [])].places.append(place)
        }
        var count = 0
        // The same order in every writer, so that two of them do not wait for each other in a circle.
        for (_, group) in byTable.sorted(by: { $0.key < $1.key }) {
            var encoder = RowEncoder()
            var next = 0
            count += try await connection.copyIn(group.layout.copy, timeout: Self.patience) { writer throws -> Bool in
                guard case .table(let table) = plan.items[group.places[next]].input else { return false }
                guard let instance = instances[table.instance] else {
                    throw PostgresError(.query, "instance \(table.instance) has no number: it was removed meanwhile")
                }
                encoder.encode(table, instance: instance, layout: group.layout, into: &writer)
                next += 1
                return next < group.places.count
            }
        }
        return count
    }

    private func upsertRows(_ connection: inout PostgresConnection) async throws {
        try await send(&connection, IngestSQL.facts, described.isEmpty ? nil : rows.factsJSON(described))
        try await send(&connection, IngestSQL.texts, rows.texts.isEmpty ? nil : rows.textsJSON)
        try await send(&connection, IngestSQL.collectors, rows.collectors.isEmpty ? nil : rows.collectorsJSON)
        try await send(&connection, IngestSQL.findings, rows.findings.isEmpty ? nil : rows.findingsJSON)
        let events = rows.events.isEmpty ? nil : rows.eventsJSON
        try await send(&connection, IngestSQL.alerts, events)
        try await send(&connection, IngestSQL.events, events)
        if names.isEmpty { return }
        let sorted = names.sorted { ($0.key.instance, $0.key.queryid) < ($1.key.instance, $1.key.queryid) }
        try await run(
            &connection, IngestSQL.names,
            [
                .intArray(sorted.map { Int64($0.key.instance) }), .intArray(sorted.map(\.key.queryid)),
                .textArray(sorted.map(\.value)),
            ])
    }

    /// The ledger: where streams stand, what is missing, what was buried.
    private func account(_ connection: inout PostgresConnection) async throws {
        if !streams.isEmpty {
            let sorted = streams.sorted { $0.key < $1.key }
            try await run(
                &connection, IngestSQL.streams,
                [
                    .text(clusterID), .textArray(sorted.map(\.key.partition.topic)),
                    .intArray(sorted.map { Int64($0.key.partition.partition) }),
                    .textArray(sorted.map(\.key.producer)), .textArray(sorted.map(\.key.key)),
                    .textArray(sorted.map(\.key.epoch)), .intArray(sorted.map { Int64($0.value.sequence) }),
                    .intArray(sorted.map(\.value.time)),
                ])
        }
        if !begun.isEmpty {
            try await run(
                &connection, IngestSQL.oldStreams,
                [
                    .text(clusterID), .textArray(begun.map(\.partition.topic)),
                    .intArray(begun.map { Int64($0.partition.partition) }), .textArray(begun.map(\.producer)),
                    .textArray(begun.map(\.key)), .int(Int64(StreamLedger.storedEpochs)),
                ])
        }
        if !plan.gaps.isEmpty {
            try await run(&connection, IngestSQL.gaps, [.text(clusterID), .json(LedgerJSON.gaps(plan.gaps))])
        }
        if !buried.isEmpty {
            try await run(
                &connection, IngestSQL.deadLetters, [.text(clusterID), .json(LedgerJSON.deadLetters(buried))])
        }
    }

    private func send(_ connection: inout PostgresConnection, _ sql: String, _ json: String?) async throws {
        guard let json else { return }
        try await run(&connection, sql, [.json(json)])
    }

    private func run(
        _ connection: inout PostgresConnection, _ sql: String, _ parameters: [PostgresValue]
    ) async throws {
        _ = try await connection.query(sql, parameters, timeout: Self.patience)
    }
}
