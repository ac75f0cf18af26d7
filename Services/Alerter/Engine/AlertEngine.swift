import Codec

/// All that the alerter knows and decides, in memory and without I/O: data, findings, clock ticks and the outcome of
/// deliveries go in; alerts, deliveries, events and a journal of what to store come out.
///
/// Time. Rules over samples run on the data's own time: that of the family their first series comes from. Between two
/// tables it goes on with the steady clock, for as long as the data is fresh, so that `for` comes due in time; when data
/// stops coming, time stands still and every alert stays what it is. The alerter's own series run on its wall clock.
struct AlertEngine: Sendable {
    let rules: [Rule]
    let settings: EngineSettings
    let reader: SeriesReader
    /// By rule: the families its expression reads, first one first; own series are called by their name.
    private let sources: [[String]]

    var book = AlertBook()
    var notifications: NotificationBook
    var silence = SilenceWatch()
    var ledger = SequenceLedger()
    var instances: [String: WatchedInstance] = [:]
    var stores: [String: SeriesStore] = [:]
    var findings: [String: OpenFinding] = [:]
    /// Events that are not yet on their topic, in order.
    var events: [EventNote] = []
    /// Their identities.
    var waitingEvents: Set<String> = []
    /// Events that were dropped because too many waited.
    var droppedEvents = 0
    var dirty = DirtyKeys()
    /// Whether the database answers; nil until it was tried.
    var storageUp: Bool?
    /// Partitions that wait for a newer alerter, or that others read: what is on them is not heard, which is nobody's
    /// silence.
    var heldPartitions: Set<Int32> = []
    /// The partitions whose stored state was taken over.
    var restoredPartitions: Set<Int32> = [-1]
    private var lastSilenceCheck: Int64 = .min / 2
    /// This process speaks for the alerters' own alerts.
    var speaksForAll = true

    init(rules: [Rule], catalogue: SeriesCatalogue, settings: EngineSettings) {
        self.rules = rules
        self.settings = settings
        notifications = NotificationBook(settings: settings.notifications)
        var names: Set<String> = []
        for rule in rules {
            names.formUnion(rule.seriesNames)
            for template in rule.annotations.values { names.formUnion(template.seriesNames) }
            for template in rule.labels.values { names.formUnion(template.seriesNames) }
        }
        reader = SeriesReader(names: names)
        sources = rules.map { rule in
            rule.seriesNames.map { name in
                if case .family(let family)? = catalogue[name] { family } else { name }
            }
        }
    }

    /// Evaluates the rules that look at what came of an instance.
    mutating func evaluate(_ id: String, at now: Moment) {
        guard let instance = instances[id], !instance.touched.isEmpty else { return }
        instances[id]!.touched = [:]
        let store = stores[id] ?? SeriesStore()
        for (index, rule) in rules.enumerated() {
            let families = sources[index]
            guard families.contains(where: { instance.touched[$0] != nil }) else { continue }
            let time = families.lazy.compactMap { instance.clocks[$0]?.data }.first ?? now.wall
            let complete = isComplete(families, of: instance, at: now)
            apply(book.evaluate(rule, instance: id, source: store, at: time, complete: complete), at: now)
            if book.holds(rule.name, id) { dirty.alerts.formUnion(book.fingerprints(of: rule.name, id)) }
        }
        notify(id, at: now)
    }

    /// Whether what is missing of these families is really missing: each was heard of, or would have been by now.
    private func isComplete(_ families: [String], of instance: WatchedInstance, at now: Moment) -> Bool {
        guard instance.restored else { return false }
        let isKnown = families.allSatisfy { instance.clocks[$0] != nil || SeriesCatalogue.Own.all.contains($0) }
        guard !isKnown, let first = families.compactMap({ instance.clocks[$0]?.first }).min() else { return isKnown }
        return now.steady - first > max(settings.unknownAtLeast, settings.unknownIntervals * instance.interval)
    }

    /// Lets time pass: silences, pending alerts that come due, the alerter's own alerts, reminders.
    mutating func tick(at now: Moment) {
        // Once a second is often enough for silences, and every server is looked at.
        let looksAtSilence = now.steady - lastSilenceCheck >= 1_000_000 || now.steady < lastSilenceCheck
        if looksAtSilence {
            lastSilenceCheck = now.steady
            forgetDeparted()
        }
        for id in instances.keys {
            if looksAtSilence { watchSilence(id, at: now) }
            passTime(id, at: now)
            notify(id, at: now)
        }
        watchStorage(at: now)
        forgetOldFindings(at: now)
    }

    private mutating func watchSilence(_ id: String, at now: Moment) {
        guard let instance = instances[id], !heldPartitions.contains(instance.partition) else { return }
        guard let entry = silence.entries[id], let silent = silence.silence(of: id, at: now) else { return }
        let labels: Labels = ["instance": id, "collector": entry.collector].filter { !$0.value.isEmpty }
        var store = stores[id] ?? SeriesStore()
        store.own[SeriesCatalogue.Own.silentSeconds] = [
            Sample(labels: labels, value: Double(silent.microseconds) / 1e6)
        ]
        store.own[SeriesCatalogue.Own.intervalSeconds] = [Sample(labels: labels, value: Double(entry.interval) / 1e6)]
        stores[id] = store
        for (index, rule) in rules.enumerated() {
            guard let first = sources[index].first,
                first == SeriesCatalogue.Own.silentSeconds || first == SeriesCatalogue.Own.intervalSeconds
            else { continue }
            // After a restart a short silence proves nothing: who was silent before is so until something comes.
            let changes = book.evaluate(rule, instance: id, source: store, at: now.wall, complete: silent.heard)
            apply(changes, at: now)
        }
    }

    /// The instance's data time goes on with the steady clock while its data is fresh.
    private mutating func passTime(_ id: String, at now: Moment) {
        guard book.hasAlerts(id), let instance = instances[id] else { return }
        let store = stores[id] ?? SeriesStore()
        for (index, rule) in rules.enumerated() where book.holds(rule.name, id) {
            guard let first = sources[index].first, let clock = instance.clocks[first] else { continue }
            let passed = now.steady - clock.arrived
            if first == SeriesCatalogue.Own.findingOpen {
                // Findings come when something happens, not in every cycle: between two nothing has happened.
                let complete = isComplete(sources[index], of: instance, at: now)
                let time = clock.data + passed
                apply(book.evaluate(rule, instance: id, source: store, at: time, complete: complete), at: now)
                continue
            }
            let fresh = max(settings.freshAtLeast, Int64(Double(instance.interval) * settings.freshIntervals))
            guard passed <= fresh else { continue }
            apply(book.ripen(rule, instance: id, at: clock.data + passed), at: now)
        }
    }

    private mutating func watchStorage(at now: Moment) {
        guard let storageUp, speaksForAll else { return }
        let id = settings.ownInstance
        let labels: Labels = ["instance": id, "component": "alerter"]
        var store = SeriesStore()
        store.own[SeriesCatalogue.Own.storageUp] = [Sample(labels: labels, value: storageUp ? 1 : 0)]
        for (index, rule) in rules.enumerated() where sources[index].first == SeriesCatalogue.Own.storageUp {
            apply(book.evaluate(rule, instance: id, source: store, at: now.wall), at: now)
        }
        notify(id, at: now)
    }

    /// Turns changes of alerts into events and resolves.
    mutating func apply(_ changes: [AlertBook.Change], at now: Moment) {
        for change in changes {
            dirty.alerts.insert(change.alert.fingerprint)
            add(EventNote(change))
            guard change.step == .resolved else { continue }
            for note in notifications.resolves(change.alert, endsAt: change.time, at: now) {
                add(EventNote(note, at: now.wall))
            }
        }
    }

    mutating func add(_ event: EventNote) {
        guard waitingEvents.insert(event.identity).inserted else { return }
        events.append(event)
        dirty.events.insert(event.identity)
        if events.count > settings.mostEvents {
            let oldest = events.removeFirst().identity
            waitingEvents.remove(oldest)
            dirty.events.insert(oldest)
            droppedEvents += 1
        }
    }

    /// These events are on their topic.
    mutating func published(_ identities: Set<String>) {
        events.removeAll { identities.contains($0.identity) }
        waitingEvents.subtract(identities)
        dirty.events.formUnion(identities)
    }

    /// Tells receivers about the alerts of an instance that fire.
    mutating func notify(_ id: String, at now: Moment) {
        guard book.hasAlerts(id) else { return }
        let lag = instances[id]?.lag ?? 0
        let muted = book.hasInhibitor(id)
        for alert in book.firing(of: id) {
            notifications.fires(alert, inhibited: muted && !alert.isInhibitor, lag: lag, at: now)
        }
    }
}
