import Codec
import Kafka
import Postgres

/// One batch on its way through: what it touches, aside from what is known until it is committed.
struct BatchWork: Sendable {
    var ledger: SequenceLedger
    /// Baselines as they are after the batch.
    private(set) var touched: [BaselineKey: Baseline] = [:]
    /// Statements with an open finding, of the instances in the batch.
    private(set) var open: [String: Set<Subject>] = [:]
    private(set) var events: [(instance: String, event: StatementBroken.Event)] = []
    private(set) var tables = 0
    private(set) var rows = 0
    private(set) var leftOut = 0
    private(set) var duplicates = 0
    private(set) var missing = 0

    private let rule: StatementBroken
    private var work: [(instance: String, time: Int64, rows: [Observation])] = []
    private var loaded: [BaselineKey: Baseline] = [:]

    init(ledger: SequenceLedger, rule: StatementBroken) {
        self.ledger = ledger
        self.rule = rule
    }

    /// What is to be published, in order.
    func messages(_ texts: [String: String]) -> [FindingMessage] {
        events.map { item in
            FindingMessage(item.event, instance: item.instance, text: item.event.name.flatMap { texts[$0] })
        }
    }

    /// The names of the statements that something is said about.
    var names: [String] { events.compactMap(\.event.name) }

    var instances: Set<String> { Set(work.map(\.instance)) }

    /// Takes the tables that are new.
    mutating func admit(_ received: [Intake.Received]) {
        for message in received {
            let key = SequenceLedger.Key(partition: message.partition.partition, stream: message.stream)
            switch ledger.admit(key, epoch: message.epoch, sequence: message.sequence) {
            case .duplicate:
                duplicates += 1
                continue
            case .newAfterGap(let count):
                missing += Int(min(count, 1_000_000_000))
            case .new:
                break
            }
            guard message.table.family == Family.statements.name else { continue }
            let observations = Observations(message.table)
            tables += 1
            rows += observations.rows.count
            leftOut += observations.leftOut
            work.append((message.table.instance, message.table.time, observations.rows))
        }
    }

    /// Reads the baselines that are needed and not in memory.
    mutating func load(
        _ store: AnalyzerStore, _ cache: BaselineCache, _ known: [String: Set<Subject>],
        _ connection: inout PostgresConnection
    ) async throws {
        let unknown = instances.filter { known[$0] == nil }
        for instance in instances { open[instance] = known[instance] ?? [] }
        if !unknown.isEmpty {
            loaded = try await store.broken(unknown.sorted(), &connection)
            for key in loaded.keys { open[key.instance]!.insert(key.subject) }
        }
        var keys: Set<BaselineKey> = []
        for item in work {
            for row in item.rows { keys.insert(BaselineKey(instance: item.instance, subject: row.subject)) }
        }
        for (instance, subjects) in open {
            for subject in subjects { keys.insert(BaselineKey(instance: instance, subject: subject)) }
        }
        var wanted: [BaselineKey] = []
        for key in keys where loaded[key] == nil {
            if let baseline = cache[key] { loaded[key] = baseline } else { wanted.append(key) }
        }
        loaded.merge(try await store.baselines(wanted, &connection)) { old, _ in old }
    }

    /// Judges and learns, table after table.
    mutating func evaluate() {
        for item in work {
            var ran: Set<Subject> = []
            for row in item.rows {
                ran.insert(row.subject)
                let key = BaselineKey(instance: item.instance, subject: row.subject)
                var baseline = touched[key] ?? loaded[key] ?? Baseline(firstSeen: row.time)
                note(rule.observe(row, &baseline), key, baseline)
            }
            for subject in (open[item.instance] ?? []).subtracting(ran) {
                let key = BaselineKey(instance: item.instance, subject: subject)
                guard var baseline = touched[key] ?? loaded[key] else { continue }
                let lastSeen = baseline.lastSeen
                let event = rule.idle(subject, at: item.time, &baseline)
                if event != nil || baseline.lastSeen != lastSeen { note(event, key, baseline) }
            }
        }
    }

    private mutating func note(_ event: StatementBroken.Event?, _ key: BaselineKey, _ baseline: Baseline) {
        touched[key] = baseline
        if let event { events.append((key.instance, event)) }
        if baseline.episode == nil {
            open[key.instance]?.remove(key.subject)
        } else {
            open[key.instance]?.insert(key.subject)
        }
    }
}
