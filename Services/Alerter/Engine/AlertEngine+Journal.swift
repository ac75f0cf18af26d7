import Codec
import Foundation

extension AlertEngine {
    /// What changed since the last call, as rows. Of each key the present value counts: a key that is gone is deleted.
    mutating func takeJournal() -> Journal {
        let told = notifications.takeChanges()
        dirty.conversations.formUnion(told.conversations)
        dirty.deliveries.formUnion(told.deliveries)
        dirty.ledger += ledger.takeChanges()
        var journal = Journal()
        journal.keys = dirty
        journal.ledger = dirty.ledger
        dirty = DirtyKeys()

        let alerts = journal.keys.alerts.isEmpty ? [:] : book.byFingerprint
        journal.add(.alerts, journal.keys.alerts) { key in alerts[key].map { (partition($0.instance), $0) } }
        journal.add(.instances, journal.keys.instances) { key in instances[key].map { ($0.partition, $0) } }
        journal.add(.findings, journal.keys.findings) { key in findings[key].map { (partition($0.instance), $0) } }
        let events = journal.keys.events.isEmpty ? [:] : Dictionary(events.map { ($0.identity, $0) }) { $1 }
        journal.add(.events, journal.keys.events) { key in events[key].map { (partition($0.instance), $0) } }
        journal.add(.conversations, journal.keys.conversations) { key in
            notifications.conversations[key].map { (partition($0.instance), $0) }
        }
        journal.add(.deliveries, journal.keys.deliveries) { key in
            notifications.deliveries[key].map { (partition($0.instance), $0) }
        }
        return journal
    }

    /// A journal that could not be written: its keys are still to be stored.
    mutating func putBack(_ journal: Journal) {
        dirty.formUnion(journal.keys)
    }

    /// Everything is to be stored again.
    mutating func markAllDirty() {
        dirty.alerts.formUnion(book.byFingerprint.keys)
        dirty.instances.formUnion(instances.keys)
        dirty.findings.formUnion(findings.keys)
        dirty.events.formUnion(events.map(\.identity))
        dirty.conversations.formUnion(notifications.conversations.keys)
        dirty.deliveries.formUnion(notifications.deliveries.keys)
        dirty.ledger += ledger.entries
    }

    private func partition(_ instance: String) -> Int32 { instances[instance]?.partition ?? -1 }

    /// Takes over what is stored of these partitions. What came in since is kept and newer:
    /// an alert that fires in both is the older firing, told already; one that is only stored goes on holding until data
    /// says otherwise; of a rule that is gone it ends.
    mutating func restore(_ stored: StoredState, partitions: Set<Int32>, at now: Moment) {
        restoredPartitions.formUnion(partitions)
        for instance in stored.instances {
            if instances[instance.id] == nil { instances[instance.id] = instance }
            guard instances[instance.id]!.leftAt == nil else { continue }
            silence.restore(instance.id, interval: instance.interval, collector: instance.collector)
        }
        for id in instances.keys where partitions.contains(instances[id]!.partition) { instances[id]!.restored = true }
        for finding in stored.findings {
            if let known = findings[finding.identity], known.time >= finding.time { continue }
            findings[finding.identity] = finding
            show(finding.identity)
            if finding.resolvedAt == nil, instances[finding.instance]?.clocks[SeriesCatalogue.Own.findingOpen] == nil {
                instances[finding.instance]?.heard(
                    SeriesCatalogue.Own.findingOpen, data: max(finding.time, now.wall), at: now)
            }
        }
        notifications.restore(conversations: stored.conversations, deliveries: stored.deliveries)
        for alert in stored.alerts { adopt(alert) }
        events = stored.events.filter { waitingEvents.insert($0.identity).inserted } + events
        ledger.restore(stored.ledger)
        let names = Set(rules.map(\.name))
        apply(book.end(at: now.wall) { !names.contains($0.rule) }, at: now)
    }

    /// Puts a stored alert back. When it fired here as well meanwhile, and both were told, the firing that was told first
    /// goes on and the other's resolve is not owed: the dedup key of both is the same.
    private mutating func adopt(_ stored: Alert) {
        if let present = book[stored.instance, stored.fingerprint], let here = present.startsAt,
            let there = stored.startsAt, there < here
        {
            notifications.merge(stored.fingerprint, from: here, into: there)
        }
        book.restore(stored)
        dirty.alerts.insert(stored.fingerprint)
    }

    /// These partitions are not ours, and what is known of them could not be stored: nothing of them is heard, which is
    /// nobody's silence.
    mutating func rest(_ partitions: Set<Int32>) {
        heldPartitions.formUnion(partitions)
    }

    /// They came back.
    mutating func resume(_ partitions: Set<Int32>, at now: Moment) {
        heldPartitions.subtract(partitions)
        for instance in instances.values where partitions.contains(instance.partition) {
            silence.resumes(instance.id, at: now)
        }
    }

    /// Drops the instances of partitions that are no longer ours; another alerter goes on with what is stored of them.
    mutating func forget(partitions: Set<Int32>) {
        var gone = Set(instances.values.filter { partitions.contains($0.partition) }.map(\.id))
        // The alerters' own alerts go with partition 0.
        if partitions.contains(0) { gone.insert(settings.ownInstance) }
        restoredPartitions.subtract(partitions)
        heldPartitions.subtract(partitions)
        for id in gone {
            dirty.alerts.subtract(book.fingerprints(of: id))
            book.forget(id)
            instances[id] = nil
            stores[id] = nil
            silence.forget(id)
        }
        dirty.instances.subtract(gone)
        for finding in findings.values where gone.contains(finding.instance) {
            findings[finding.identity] = nil
            dirty.findings.remove(finding.identity)
        }
        for event in events where gone.contains(event.instance) {
            dirty.events.remove(event.identity)
            waitingEvents.remove(event.identity)
        }
        events.removeAll { gone.contains($0.instance) }
        notifications.forget(instances: gone)
        ledger.forget(partitions)
    }

    func isRestored(_ partition: Int32) -> Bool { restoredPartitions.contains(partition) }
}

extension Journal {
    /// Rows of a kind: of each key its value, or its deletion.
    fileprivate mutating func add<T: Encodable>(_ kind: Kind, _ keys: Set<String>, _ value: (String) -> (Int32, T)?) {
        let encoder = StateCoding.encoder()
        for key in keys.sorted() {
            guard let (partition, item) = value(key) else {
                deletes[kind, default: []].append(key)
                continue
            }
            guard let data = try? encoder.encode(item) else {
                preconditionFailure("a state of texts and numbers was refused by JSONEncoder")
            }
            upserts[kind, default: []].append(
                Row(key: key, partition: partition, json: String(decoding: data, as: UTF8.self)))
        }
    }
}

/// How state is written as JSON and read back.
enum StateCoding {
    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A value may be infinite (a division by zero), and JSON has no word for it.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return encoder
    }

    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return decoder
    }
}
