import Codec

/// The small rows of a batch, merged by identity: one statement may not touch a row twice.
struct BatchRows: Sendable {
    private(set) var texts: [String: Statement] = [:]
    private(set) var collectors: [String: CollectorStatus] = [:]
    private(set) var findings: [String: Finding] = [:]
    private(set) var findingsOpened: [String: Int64] = [:]
    private(set) var alerts: [String: AlertEvent] = [:]
    private(set) var events: [AlertEvent] = []
    /// Every instance that is named.
    private(set) var instances: Set<String> = []
    /// What cycles said of the servers.
    private(set) var facts: [String: InstanceFacts] = [:]

    init(_ items: [BatchPlan.Item]) {
        for item in items { add(item.input) }
    }

    private mutating func add(_ input: Input) {
        switch input {
        case .table(let table):
            instances.insert(table.instance)
            if let facts = InstanceFacts(table) { self.facts[table.instance] = facts }
        case .statement(let statement):
            texts[statement.name] = statement
            if !statement.instance.isEmpty { instances.insert(statement.instance) }
        case .collector(let status):
            if (collectors[status.collector]?.time ?? .min) <= status.time { collectors[status.collector] = status }
        case .finding(let finding):
            if (findings[finding.identity]?.time ?? .min) <= finding.time { findings[finding.identity] = finding }
            findingsOpened[finding.identity] = min(findingsOpened[finding.identity] ?? .max, finding.time)
        case .alert(let event):
            events.append(event)
            guard event.kind == .stateChange else { return }
            if (alerts[event.fingerprint]?.time ?? .min) <= event.time { alerts[event.fingerprint] = event }
        case .nothing: break
        }
    }
}
