/// A sample table as the engine needs it.
struct TableNews: Sendable {
    let family: String
    let instance: String
    let collector: String
    let partition: Int32
    let stream: String
    let time: Int64
    /// How far the instance's cycles are apart, where the table says so; 0 where not.
    let interval: Int64
    /// How far the server's clock is ahead of the collector's, where the table says so.
    var clockOffset: Int64?
    /// By whose clock the table's time is: true for the collector's.
    var isByCollector = false
    /// The series that rules name; nil when they name none of the family.
    let samples: [String: [Sample]]?
}

/// A message about a finding as the engine needs it.
struct FindingNews: Sendable {
    let identity: String
    let instance: String
    let partition: Int32
    let time: Int64
    let isOver: Bool
    let labels: Labels
    let value: Double
}

extension AlertEngine {
    /// Takes a table that came; false when it is late and changed nothing.
    mutating func ingest(_ table: TableNews, at now: Moment) -> Bool {
        // A second table of a family in the same batch: what the first one said is evaluated before it is replaced.
        if let time = instances[table.instance]?.touched[table.family], time != table.time {
            evaluate(table.instance, at: now)
        }
        watch(table.instance, partition: table.partition)
        silence.arrived(table.instance, interval: table.interval, collector: table.collector, at: now)
        var instance = instances[table.instance]!
        let interval = table.interval > 0 ? table.interval : instance.interval
        if instance.interval != interval || instance.collector != table.collector
            || instance.partition != table.partition
        {
            instance.interval = interval
            instance.collector = table.collector
            instance.partition = table.partition
            dirty.instances.insert(table.instance)
        }
        if let offset = table.clockOffset { instance.clockOffset = offset }
        defer { instances[table.instance] = instance }
        guard let samples = table.samples else { return true }
        guard
            stores[table.instance, default: SeriesStore()].take(
                family: table.family, stream: table.stream, time: table.time, samples)
        else { return false }
        instance.heard(table.family, data: table.time, at: now)
        instance.touched[table.family] = table.time
        // Age by the collector's clock: a server whose clock is wrong sends no old data.
        instance.lag = now.wall - table.time + (table.isByCollector ? 0 : instance.clockOffset)
        return true
    }

    /// Takes a message about a finding; false when it is older than what is known of it.
    mutating func ingest(_ news: FindingNews, at now: Moment) -> Bool {
        var time = news.time
        if let known = findings[news.identity] {
            // What is over is over, also by a server's clock that was set back meanwhile.
            if known.resolvedAt != nil || (!news.isOver && time <= known.time) { return false }
            time = max(time, known.time)
        }
        watch(news.instance, partition: news.partition)
        // What the finding was opened with names it; later messages change its value only.
        let labels = findings[news.identity]?.labels ?? news.labels
        findings[news.identity] = OpenFinding(
            identity: news.identity, instance: news.instance, time: time, resolvedAt: news.isOver ? time : nil,
            labels: labels, value: news.value)
        dirty.findings.insert(news.identity)
        show(news.identity)
        let name = SeriesCatalogue.Own.findingOpen
        instances[news.instance]!.heard(name, data: time, at: now)
        instances[news.instance]!.touched[name] = time
        instances[news.instance]!.lag = now.wall - time
        evaluate(news.instance, at: now)
        return true
    }

    /// Takes a collector's heartbeat: a server that it read before and does not read now has left the fleet.
    mutating func ingest(collector: String, reads ids: Set<String>, at now: Moment) {
        for instance in instances.values where instance.collector == collector && !ids.contains(instance.id) {
            guard let silent = silence.silence(of: instance.id, at: now),
                silent.microseconds > max(2 * instance.interval, settings.freshAtLeast)
            else { continue }
            leave(instance.id, at: now)
        }
    }

    /// Evaluates everything that the batch brought.
    mutating func finishBatch(at now: Moment) {
        for (id, instance) in instances where !instance.touched.isEmpty { evaluate(id, at: now) }
    }

    mutating func watch(_ id: String, partition: Int32) {
        // One that had left is back, and begins anew.
        guard instances[id].map({ $0.leftAt != nil }) ?? true else { return }
        instances[id] = WatchedInstance(id: id, partition: partition)
        instances[id]!.restored = isRestored(partition)
        dirty.instances.insert(id)
    }

    /// Puts a finding among its instance's series, or takes it out.
    mutating func show(_ identity: String) {
        guard let finding = findings[identity] else { return }
        var store = stores[finding.instance] ?? SeriesStore()
        store.findings[identity] =
            finding.resolvedAt == nil ? Sample(labels: finding.labels, value: finding.value) : nil
        stores[finding.instance] = store
    }

    mutating func forgetOldFindings(at now: Moment) {
        for finding in findings.values {
            guard let end = finding.resolvedAt, now.wall - end > settings.rememberFindings else { continue }
            findings[finding.identity] = nil
            dirty.findings.insert(finding.identity)
        }
    }

    private mutating func leave(_ id: String, at now: Moment) {
        apply(book.end(at: now.wall) { $0.instance == id }, at: now)
        for finding in findings.values where finding.instance == id {
            findings[finding.identity] = nil
            dirty.findings.insert(finding.identity)
        }
        // Its partition is that of the messages still to be sent: whoever has it goes on with them.
        instances[id]!.leftAt = now.wall
        instances[id]!.clocks = [:]
        instances[id]!.touched = [:]
        stores[id] = nil
        silence.forget(id)
        dirty.instances.insert(id)
    }

    /// Forgets who left the fleet and of whom nothing is left to say.
    mutating func forgetDeparted() {
        let departed = instances.values.filter { $0.leftAt != nil }
        guard !departed.isEmpty else { return }
        let spokenOf = notifications.instances.union(events.map(\.instance))
        for instance in departed where !spokenOf.contains(instance.id) {
            instances[instance.id] = nil
            dirty.instances.insert(instance.id)
        }
    }
}
