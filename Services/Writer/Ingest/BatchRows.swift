import Codec

/// The small rows of a batch, merged by identity: one statement may not touch a row twice.
struct BatchRows: Sendable {
    private(set) var texts: [String: Statement] = [:]
    private(set) var collectors: [String: CollectorStatus] = [:]
    private(set) var findings: [String: Finding] = [:]
    private(set) var findingsOpened: [String: Int64] = [:]
    /// In the order of the topic, each once.
    private(set) var events: [AlertEvent] = []
    private var eventsSeen: Set<String> = []
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
        case .collector(let status): collectors[status.collector] = status
        case .finding(let finding):
            if findingsOpened[finding.identity] == nil { findingsOpened[finding.identity] = finding.time }
            // As in the SQL: resolved is the last word, whatever the server's clock says.
            if let known = findings[finding.identity],
                known.state == .resolved || (finding.state != .resolved && finding.time < known.time)
            {
                return
            }
            findings[finding.identity] = finding
        case .alert(let event):
            if eventsSeen.insert(event.identity).inserted { events.append(event) }
        }
    }
}
