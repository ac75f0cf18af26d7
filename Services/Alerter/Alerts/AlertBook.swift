/// All alerts, by instance, and what an evaluation of a rule makes of them.
struct AlertBook: Sendable {
    /// A change of an alert's state. The alert is as it was left: of a resolved one the last labels and annotations.
    struct Change: Sendable, Equatable {
        let step: Alert.Step
        let alert: Alert
        /// Time of the data that brought it.
        let time: Int64
    }

    /// By instance, then by fingerprint.
    private(set) var alerts: [String: [String: Alert]] = [:]
    /// Groups of series that a rule could not match one to one, in all evaluations.
    private(set) var ambiguities = 0

    /// Whether an alert that fires mutes the others of an instance.
    func hasInhibitor(_ instance: String) -> Bool {
        alerts[instance]?.values.contains { $0.state == .firing && $0.isInhibitor } ?? false
    }

    subscript(instance: String, fingerprint: String) -> Alert? { alerts[instance]?[fingerprint] }

    /// All alerts that fire.
    var firing: [Alert] { alerts.values.flatMap { $0.values.filter { $0.state == .firing } } }

    /// Evaluates a rule for one instance at `time`. `complete` is false where what is missing from the result may only
    /// be unknown: then nothing ends.
    mutating func evaluate(
        _ rule: Rule, instance: String, source: any SeriesSource, at time: Int64, complete: Bool = true
    ) -> [Change] {
        var changes: [Change] = []
        var held: Set<String> = []
        var ours = alerts[instance] ?? [:]
        var evaluator = Evaluator(source: source)
        let samples = evaluator.vector(rule.expression)
        ambiguities += evaluator.ambiguities
        for sample in samples {
            let labels = self.labels(of: rule, sample, instance, source)
            let fingerprint = Fingerprint.of(labels)
            guard held.insert(fingerprint).inserted else { continue }
            let annotations = rule.annotations.mapValues { $0.render(labels, sample.value, source) }
            if ours[fingerprint] == nil {
                let alert = Alert(
                    fingerprint: fingerprint, rule: rule.name, instance: instance, labels: labels,
                    annotations: annotations, value: sample.value, at: time)
                ours[fingerprint] = alert
                if rule.holdFor > 0 { changes.append(Change(step: .pending, alert: alert, time: time)) }
            }
            ours[fingerprint]!.annotations = annotations
            if let step = ours[fingerprint]!.holds(sample.value, at: time, for: rule.holdFor) {
                changes.append(Change(step: step, alert: ours[fingerprint]!, time: time))
            }
        }
        if complete {
            for (fingerprint, alert) in ours where alert.rule == rule.name && !held.contains(fingerprint) {
                var ending = alert
                let step = ending.fails(at: time, keepFiringFor: rule.keepFiringFor)
                ours[fingerprint] = ending
                guard let step else { continue }
                ours[fingerprint] = nil
                changes.append(Change(step: step, alert: ending, time: time))
            }
        }
        alerts[instance] = ours.isEmpty ? nil : ours
        return changes
    }

    /// Lets the pending alerts of a rule become due as its instance's time goes on between two tables.
    mutating func ripen(_ rule: Rule, instance: String, at time: Int64) -> [Change] {
        guard rule.holdFor > 0, var ours = alerts[instance] else { return [] }
        var changes: [Change] = []
        for (fingerprint, alert) in ours where alert.rule == rule.name {
            var due = alert
            guard let step = due.ripens(at: time, for: rule.holdFor) else { continue }
            ours[fingerprint] = due
            changes.append(Change(step: step, alert: due, time: time))
        }
        alerts[instance] = ours
        return changes
    }

    /// Ends alerts that nothing will evaluate any more: of rules that are gone, or of an instance that left the fleet.
    mutating func end(at time: Int64, where gone: (Alert) -> Bool) -> [Change] {
        var changes: [Change] = []
        for (instance, ours) in alerts {
            for (fingerprint, alert) in ours where gone(alert) {
                alerts[instance]?[fingerprint] = nil
                changes.append(Change(step: alert.state == .firing ? .resolved : .inactive, alert: alert, time: time))
            }
            if alerts[instance]?.isEmpty == true { alerts[instance] = nil }
        }
        return changes
    }

    /// Puts a stored alert back. Of two the one that has fired longer is kept: it is the one that was paged first.
    mutating func restore(_ stored: Alert) {
        if let present = alerts[stored.instance]?[stored.fingerprint] {
            guard let start = stored.startsAt, start < present.startsAt ?? .max else { return }
        }
        alerts[stored.instance, default: [:]][stored.fingerprint] = stored
    }

    /// Drops an instance that another alerter has taken over; nothing ends by it.
    mutating func forget(_ instance: String) {
        alerts[instance] = nil
    }

    private func labels(of rule: Rule, _ sample: Sample, _ instance: String, _ source: any SeriesSource) -> Labels {
        var labels = sample.labels
        labels["instance"] = instance
        for (name, template) in rule.labels { labels[name] = template.render(sample.labels, sample.value, source) }
        labels["alertname"] = rule.name
        // An empty label is no label, as in Prometheus.
        return labels.filter { !$0.value.isEmpty }
    }
}

extension AlertBook {
    /// Whether an instance has any alert.
    func hasAlerts(_ instance: String) -> Bool { alerts[instance] != nil }

    /// Whether a rule holds for anything of an instance, pending or firing.
    func holds(_ rule: String, _ instance: String) -> Bool {
        alerts[instance]?.values.contains { $0.rule == rule } ?? false
    }

    /// The alerts of an instance that fire.
    func firing(of instance: String) -> [Alert] { alerts[instance]?.values.filter { $0.state == .firing } ?? [] }

    /// All alerts by fingerprint.
    var byFingerprint: [String: Alert] {
        alerts.values.reduce(into: [:]) { all, ours in all.merge(ours) { old, _ in old } }
    }

    /// The alerts of an instance.
    func fingerprints(of instance: String) -> [String] { alerts[instance].map { Array($0.keys) } ?? [] }

    /// The alerts of a rule and an instance.
    func fingerprints(of rule: String, _ instance: String) -> [String] {
        alerts[instance]?.values.filter { $0.rule == rule }.map(\.fingerprint) ?? []
    }
}
