/// The rule: a statement is broken when its mean execution time in a cycle passes 2 × P95 of its baseline.
///
/// - The baseline is of the cycle's UTC hour, or of all hours until that hour has seen enough cycles.
/// - Nothing is said in the grace after the statement was first seen; it learns only.
/// - A broken cycle's mean stays out of the baseline, else a statement that is slow for long enough would be normal.
///   It goes into a shadow instead; when that holds `hourMinimum` cycles and spans `adoptAfter` without a recovery, it
///   becomes the baseline of all hours, the hours begin anew, and the finding is resolved as the new normal.
/// - The finding is resolved after `recoverAfter` normal cycles in a row, or when the statement has not run for
///   `idleAfter`.
/// - A cycle older than the newest one evaluated is late: it is learnt unless broken, and changes nothing else. One that
///   is older by more than `lateness` means that the server's clock was set back, and is taken as the present. A jump
///   ahead of more than `longestGap` in the grace begins the grace again.
///
/// Pure: time is the tables' own, nothing is read or sent.
struct StatementBroken: Sendable {
    /// The rule's name in findings.
    static let kind = "statement_broken"

    /// What can be set about it.
    struct Settings: Sendable {
        var factor = 2.0
        var quantile = 0.95
        var grace: Duration = .seconds(24 * 3600)
        /// Cycles that an hour must have seen before it judges.
        var hourMinimum = 30
        /// Cycles that a baseline must have seen at all before it judges.
        var minimumCycles = 1
        /// Calls in a cycle below which it is not judged (it is learnt).
        var minimumCalls: Int64 = 1
        /// A mean below this is never broken, in nanoseconds.
        var floor = 0.0
        var updateEvery: Duration = .seconds(300)
        var recoverAfter: Int64 = 3
        var idleAfter: Duration = .seconds(900)
        var adoptAfter: Duration = .seconds(24 * 3600)
        var lateness: Duration = .seconds(600)
        var longestGap: Duration = .seconds(400 * 86_400)
    }

    /// What happened, to be published.
    struct Event: Sendable, Equatable {
        enum State: Sendable, Equatable {
            case opened, updated
            case resolved(Reason)
        }
        enum Reason: String, Sendable {
            case recovered
            case notRun = "not_run"
            case newNormal = "new_normal"
        }
        let state: State
        let subject: Subject
        /// The statement's name when it is known by now; the finding may have been opened without.
        let name: String?
        let episode: Episode
        /// The episode's message number of this event: 0 opens.
        let number: Int64
        let time: Int64
        let windowEnd: Int64
        /// The mean that led to this event, nanoseconds.
        let value: Double
        let p95: Double
        let threshold: Double
        /// Cycles that the judging sketch had seen.
        let samples: UInt64
        let scope: Baseline.Scope
        /// Calls in the cycle.
        let calls: Int64
    }

    let settings: Settings

    /// Evaluates a cycle in which the statement ran; returns what is to be said.
    func observe(_ seen: Observation, _ baseline: inout Baseline) -> Event? {
        guard seen.calls > 0, seen.total >= 0 else { return nil }
        if let name = seen.name { baseline.name = name }
        let late = follow(seen.time, &baseline)
        let (sketch, scope) = baseline.reference(at: seen.time, hourMinimum: settings.hourMinimum)
        let p95 = sketch.quantile(settings.quantile) ?? 0
        let threshold = settings.factor * p95
        let judged =
            seen.calls >= settings.minimumCalls && seen.mean > settings.floor
            && sketch.count >= UInt64(max(settings.minimumCycles, 1))
            && seen.time - baseline.firstSeen >= settings.grace.microseconds
        let broken = judged && seen.mean > threshold
        if late {
            if !broken { baseline.learn(seen.mean, at: seen.time) }
            return nil
        }
        baseline.lastSeen = seen.time
        let draft = Draft(
            seen: seen, name: baseline.name, p95: p95, threshold: threshold, samples: sketch.count, scope: scope)
        if broken { return breaks(draft, &baseline) }
        baseline.learn(seen.mean, at: seen.time)
        // A cycle with too few calls to be judged is no proof of recovery.
        return seen.calls >= settings.minimumCalls ? recovers(draft, &baseline) : nil
    }

    /// Tells an open episode that its instance's time has come to `time` without the statement having run.
    func idle(_ subject: Subject, at time: Int64, _ baseline: inout Baseline) -> Event? {
        guard baseline.episode != nil else { return nil }
        // Of a table that is late nothing follows, of a clock that was set back the new time.
        if time < baseline.lastSeen { _ = follow(time, &baseline) }
        guard var episode = baseline.episode, time - baseline.lastSeen >= settings.idleAfter.microseconds else {
            return nil
        }
        let number = episode.said
        episode.said += 1
        baseline.episode = nil
        let (sketch, scope) = baseline.reference(at: time, hourMinimum: settings.hourMinimum)
        return Event(
            state: .resolved(.notRun), subject: subject, name: baseline.name, episode: episode, number: number,
            time: time,
            windowEnd: time, value: 0, p95: episode.baseline, threshold: settings.factor * episode.baseline,
            samples: sketch.count, scope: scope, calls: 0)
    }

    /// Moves the baseline's clock to `time`; true when the cycle is late.
    private func follow(_ time: Int64, _ baseline: inout Baseline) -> Bool {
        if time < baseline.lastSeen {
            guard baseline.lastSeen - time > settings.lateness.microseconds else { return true }
            // The clock was set back: what was the future is now the present. Where even the first cycle is in the
            // future, the grace begins again.
            baseline.firstSeen = min(baseline.firstSeen, time)
            baseline.lastSeen = time
            if var episode = baseline.episode {
                episode.lastBroken = min(episode.lastBroken, time)
                episode.lastSaid = min(episode.lastSaid, time)
                baseline.episode = episode
            }
            if let since = baseline.shadow?.since { baseline.shadow?.since = min(since, time) }
            return false
        }
        let inGrace = baseline.lastSeen - baseline.firstSeen < settings.grace.microseconds
        if inGrace, time - baseline.lastSeen > settings.longestGap.microseconds { baseline.firstSeen = time }
        return false
    }

    private func breaks(_ draft: Draft, _ baseline: inout Baseline) -> Event? {
        let seen = draft.seen
        let opens = baseline.episode == nil
        var episode =
            baseline.episode
            ?? Episode(
                windowStart: seen.time - seen.interval, lastBroken: seen.time,
                name: draft.name ?? String(seen.subject.queryid), lastSaid: seen.time)
        episode.cycles += 1
        episode.calls = Self.sum(episode.calls, seen.calls)
        episode.total = Self.sum(episode.total, seen.total)
        episode.peak = max(episode.peak, seen.mean)
        episode.normal = 0
        episode.lastBroken = seen.time
        episode.baseline = draft.p95
        var shadow = baseline.shadow ?? Shadow(since: seen.time)
        shadow.sketch.add(seen.mean)
        baseline.shadow = shadow
        if shadow.sketch.count >= UInt64(max(settings.hourMinimum, 1)),
            seen.time - shadow.since >= settings.adoptAfter.microseconds
        {
            baseline.allHours = shadow.sketch
            baseline.hours = [:]
            baseline.shadow = nil
            baseline.episode = nil
            return opens ? nil : draft.event(.resolved(.newNormal), &episode)
        }
        guard opens || seen.time - episode.lastSaid >= settings.updateEvery.microseconds else {
            baseline.episode = episode
            return nil
        }
        let event = draft.event(opens ? .opened : .updated, &episode)
        baseline.episode = episode
        return event
    }

    private func recovers(_ draft: Draft, _ baseline: inout Baseline) -> Event? {
        guard var episode = baseline.episode else {
            baseline.shadow = nil
            return nil
        }
        episode.normal += 1
        guard episode.normal >= settings.recoverAfter else {
            baseline.episode = episode
            return nil
        }
        baseline.episode = nil
        baseline.shadow = nil
        return draft.event(.resolved(.recovered), &episode)
    }

    /// A sum that stays at the largest number: whatever a message claims, it must not end the process.
    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    /// An event before it is known which.
    private struct Draft {
        let seen: Observation
        let name: String?
        let p95: Double
        let threshold: Double
        let samples: UInt64
        let scope: Baseline.Scope

        func event(_ state: Event.State, _ episode: inout Episode) -> Event {
            let number = episode.said
            episode.said += 1
            episode.lastSaid = seen.time
            return Event(
                state: state, subject: seen.subject, name: name, episode: episode, number: number, time: seen.time,
                windowEnd: seen.time, value: seen.mean, p95: p95, threshold: threshold, samples: samples,
                scope: scope, calls: seen.calls)
        }
    }
}

extension Duration {
    /// Whole microseconds, the unit of all times on the topics.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
