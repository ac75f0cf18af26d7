/// Decides what receivers are told, and keeps the order in which they are told it.
///
/// An alert that fires is told once (the trigger), again after the repeat interval (a reminder), and once when it is
/// over (the resolve). A resolve is only ever queued behind a trigger that was delivered or may have been; a trigger
/// that nobody can have seen is taken back instead. The messages of one alert go out one after the other.
///
/// Pure: the clock is passed in; sending is somebody else's.
struct NotificationBook: Sendable {
    struct Settings: Sendable {
        /// The receiver's name; nil when there is none, and then nothing is told.
        var receiver: String?
        var externalURL = ""
        var repeatEvery: Int64 = 4 * 3_600_000_000
        /// A trigger about data older than this waits, for what comes after may take it back…
        var staleAfter: Int64 = 60_000_000
        /// …but no longer than this.
        var holdAtMost: Int64 = 15_000_000
        var retry = RetryPolicy()
    }

    /// What has been told about one firing of an alert.
    struct Conversation: Sendable, Equatable, Codable {
        let fingerprint: String
        let instance: String
        let startsAt: Int64
        /// The trigger was delivered, or may have been.
        var told = false
        /// When something was delivered or refused last, wall clock.
        var lastSaid: Int64 = 0
        /// Triggers and reminders so far.
        var messages = 0
        /// The alert is over: nothing but the resolve is left to say.
        var over = false
    }

    /// What happened to a delivery, for the record.
    struct Note: Sendable, Equatable {
        enum Status: String, Sendable {
            case delivered, retrying, failed, cancelled
        }
        let delivery: Delivery
        let status: Status
        var httpStatus: Int?
        var detail = ""
    }

    let settings: Settings
    /// By alert and start.
    private(set) var conversations: [String: Conversation] = [:]
    /// By identifier.
    private(set) var deliveries: [String: Delivery] = [:]
    /// Identifiers by fingerprint, in the order they are to be sent.
    private var queues: [String: [String]] = [:]
    private var inFlight: Set<String> = []
    /// Deliveries of which an attempt that has ended may have arrived: what a later one comes to does not undo that.
    private var doubtful: Set<String> = []
    /// Nothing is given out while partitions are given back.
    var isClosing = false
    /// Since when a trigger waits for newer data, by alert and start.
    private var waiting: [String: Int64] = [:]
    /// What changed since the journal was taken last.
    private(set) var changedConversations: Set<String> = []
    private(set) var changedDeliveries: Set<String> = []

    init(settings: Settings) {
        self.settings = settings
    }

    static func key(_ fingerprint: String, _ startsAt: Int64) -> String { "\(fingerprint)_\(startsAt)" }

    /// An alert fires. Called again and again while it does; says what is due. `lag` is how old the data is.
    mutating func fires(_ alert: Alert, inhibited: Bool, lag: Int64, at now: Moment) {
        guard let receiver = settings.receiver, let startsAt = alert.startsAt, !inhibited else { return }
        let key = Self.key(alert.fingerprint, startsAt)
        guard var conversation = conversations[key] else {
            if lag > settings.staleAfter {
                let since = waiting[key] ?? now.steady
                waiting[key] = since
                guard now.steady - since >= settings.holdAtMost else { return }
            }
            waiting[key] = nil
            set(Conversation(fingerprint: alert.fingerprint, instance: alert.instance, startsAt: startsAt, messages: 1))
            enqueue(alert, .trigger, number: 0, startsAt: startsAt, endsAt: nil, receiver, now)
            return
        }
        let busy = (queues[alert.fingerprint] ?? []).contains { deliveries[$0]?.startsAt == startsAt }
        guard !conversation.over, !busy, now.wall - conversation.lastSaid >= settings.repeatEvery else { return }
        // Of a refused trigger nobody was told: the next one is a trigger again.
        enqueue(
            alert, conversation.told ? .reminder : .trigger, number: conversation.messages, startsAt: startsAt,
            endsAt: nil, receiver, now)
        conversation.messages += 1
        set(conversation)
    }

    /// An alert that fired is over.
    mutating func resolves(_ alert: Alert, endsAt: Int64, at now: Moment) -> [Note] {
        guard let startsAt = alert.startsAt else { return [] }
        let key = Self.key(alert.fingerprint, startsAt)
        waiting[key] = nil
        guard let receiver = settings.receiver, var conversation = conversations[key], !conversation.over else {
            return []
        }
        var notes: [Note] = []
        var triggerMayArrive = conversation.told
        for id in queues[alert.fingerprint] ?? [] {
            guard let delivery = deliveries[id], account(of: delivery) == key else { continue }
            if delivery.mayHaveArrived || inFlight.contains(id) {
                triggerMayArrive = triggerMayArrive || delivery.kind == .trigger
            } else {
                remove(delivery)
                notes.append(Note(delivery: delivery, status: .cancelled, detail: "over before it was sent"))
            }
        }
        guard triggerMayArrive else {
            forget(key)
            return notes
        }
        conversation.over = true
        set(conversation)
        enqueue(alert, .resolve, number: conversation.messages, startsAt: startsAt, endsAt: endsAt, receiver, now)
        return notes
    }

    /// The deliveries that are due: the first of each alert's queue. They count as being sent from here on.
    mutating func next(at now: Moment, limit: Int) -> [Delivery] {
        if isClosing { return [] }
        var due: [Delivery] = []
        for queue in queues.values {
            guard let id = queue.first, !inFlight.contains(id), var delivery = deliveries[id] else { continue }
            // A wall clock that was set back must not make anything wait longer than a retry may.
            let wait = delivery.notBefore - now.wall
            guard wait <= 0 || wait > settings.retry.longestAsked else { continue }
            delivery.attempts += 1
            delivery.mayHaveArrived = true
            due.append(delivery)
        }
        due.sort { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        due = Array(due.prefix(max(0, limit - inFlight.count)))
        for delivery in due {
            inFlight.insert(delivery.id)
            // Also what another process began before it was killed.
            if deliveries[delivery.id]?.mayHaveArrived == true { doubtful.insert(delivery.id) }
            deliveries[delivery.id] = delivery
            changedDeliveries.insert(delivery.id)
        }
        return due
    }

    /// Whether anything is being sent.
    var isSending: Bool { !inFlight.isEmpty }

    /// An attempt has come to an end.
    mutating func finished(_ id: String, _ outcome: DeliveryOutcome, at now: Moment, jitter: Double) -> Note? {
        inFlight.remove(id)
        guard var delivery = deliveries[id] else { return nil }
        if case .retry(_, _, true, _) = outcome { doubtful.insert(id) }
        switch outcome {
        case .delivered(let status):
            said(delivery, at: now)
            return Note(delivery: delivery, status: .delivered, httpStatus: status)
        case .refused(let status, let detail):
            refused(delivery, at: now)
            return Note(delivery: delivery, status: .failed, httpStatus: status, detail: detail)
        case .retry(let status, let after, _, let detail):
            guard now.wall - delivery.createdAt < settings.retry.giveUpAfter else {
                refused(delivery, at: now)
                return Note(delivery: delivery, status: .failed, httpStatus: status, detail: "given up: \(detail)")
            }
            let wait = settings.retry.delay(attempts: delivery.attempts, asked: after, jitter: jitter)
            delivery.notBefore = now.wall + wait
            delivery.mayHaveArrived = doubtful.contains(id)
            deliveries[id] = delivery
            changedDeliveries.insert(id)
            return Note(delivery: delivery, status: .retrying, httpStatus: status, detail: detail)
        }
    }

    private mutating func said(_ delivery: Delivery, at now: Moment) {
        let key = account(of: delivery)
        remove(delivery)
        guard var conversation = conversations[key] else { return }
        if delivery.kind == .resolve {
            forget(key)
        } else {
            conversation.told = true
            conversation.lastSaid = now.wall
            set(conversation)
            if delivery.startsAt != conversation.startsAt { removeTriggers(of: conversation) }
        }
    }

    /// The conversation that a delivery belongs to: another firing's when the two were found to be one while it was on
    /// its way.
    private func account(of delivery: Delivery) -> String {
        let key = Self.key(delivery.fingerprint, delivery.startsAt)
        guard conversations[key] == nil, delivery.kind != .resolve else { return key }
        return conversations.first { $0.value.fingerprint == delivery.fingerprint && !$0.value.over }?.key ?? key
    }

    /// Takes back the triggers of a firing that was told under another start.
    private mutating func removeTriggers(of conversation: Conversation) {
        for id in queues[conversation.fingerprint] ?? [] where !inFlight.contains(id) {
            guard let delivery = deliveries[id], delivery.kind == .trigger else { continue }
            if delivery.startsAt == conversation.startsAt { remove(delivery) }
        }
    }

    private mutating func refused(_ delivery: Delivery, at now: Moment) {
        let (key, mayHaveArrived) = (account(of: delivery), doubtful.contains(delivery.id))
        remove(delivery)
        guard var conversation = conversations[key] else { return }
        conversation.lastSaid = now.wall
        // An earlier attempt may have been taken: then its resolve is owed.
        conversation.told = conversation.told || mayHaveArrived
        set(conversation)
        if delivery.kind == .resolve { return forget(key) }
        guard !conversation.told else { return }
        // The trigger was not taken: its resolve must not come.
        for id in queues[delivery.fingerprint] ?? [] {
            if let next = deliveries[id], next.startsAt == delivery.startsAt { remove(next) }
        }
        if conversation.over { forget(key) }
    }

    private mutating func enqueue(
        _ alert: Alert, _ kind: Delivery.Kind, number: Int, startsAt: Int64, endsAt: Int64?, _ receiver: String,
        _ now: Moment
    ) {
        let body = WebhookBody(
            alert, startsAt: startsAt, endsAt: endsAt, receiver: receiver, externalURL: settings.externalURL)
        // Texts and numbers of ours: there is nothing in it that cannot be encoded.
        guard let json = try? body.json() else {
            preconditionFailure("a webhook body of texts was refused by JSONEncoder")
        }
        let id = "msg_\(Self.key(alert.fingerprint, startsAt))_\(kind == .resolve ? "resolve" : "fire\(number)")"
        guard deliveries[id] == nil else { return }
        deliveries[id] = Delivery(
            id: id, fingerprint: alert.fingerprint, rule: alert.rule, instance: alert.instance, startsAt: startsAt,
            kind: kind, receiver: receiver, body: json, createdAt: now.wall, notBefore: now.wall)
        queues[alert.fingerprint, default: []].append(id)
        changedDeliveries.insert(id)
    }

    private mutating func set(_ conversation: Conversation) {
        let key = Self.key(conversation.fingerprint, conversation.startsAt)
        conversations[key] = conversation
        changedConversations.insert(key)
    }

    private mutating func forget(_ key: String) {
        conversations[key] = nil
        changedConversations.insert(key)
    }

    private mutating func remove(_ delivery: Delivery) {
        deliveries[delivery.id] = nil
        doubtful.remove(delivery.id)
        changedDeliveries.insert(delivery.id)
        queues[delivery.fingerprint]?.removeAll { $0 == delivery.id }
        if queues[delivery.fingerprint]?.isEmpty == true { queues[delivery.fingerprint] = nil }
    }
}

extension NotificationBook {
    /// Puts stored conversations and deliveries back, older ones first in each queue. What is known already stays.
    mutating func restore(conversations stored: [Conversation], deliveries queued: [Delivery]) {
        for conversation in stored {
            let key = Self.key(conversation.fingerprint, conversation.startsAt)
            if conversations[key] == nil { conversations[key] = conversation }
        }
        for delivery in queued where deliveries[delivery.id] == nil {
            deliveries[delivery.id] = delivery
            var queue = queues[delivery.fingerprint] ?? []
            queue.append(delivery.id)
            queue.sort {
                let (left, right) = (deliveries[$0]!, deliveries[$1]!)
                return (left.startsAt, left.kind == .resolve ? 1 : 0, left.createdAt)
                    < (right.startsAt, right.kind == .resolve ? 1 : 0, right.createdAt)
            }
            queues[delivery.fingerprint] = queue
        }
    }

    /// Two firings of an alert turn out to be one: what was told of the later goes to the account of the earlier.
    mutating func merge(_ fingerprint: String, from later: Int64, into earlier: Int64) {
        let (old, new) = (Self.key(fingerprint, earlier), Self.key(fingerprint, later))
        waiting[new] = nil
        guard let second = conversations[new] else { return }
        // Without one, it was refused or never sent the first time.
        var first =
            conversations[old]
            ?? Conversation(
                fingerprint: fingerprint, instance: second.instance, startsAt: earlier, messages: second.messages)
        first.told = first.told || second.told
        first.lastSaid = max(first.lastSaid, second.lastSaid)
        forget(new)
        for id in queues[fingerprint] ?? [] where !inFlight.contains(id) {
            guard let delivery = deliveries[id], delivery.startsAt == later else { continue }
            first.told = first.told || delivery.mayHaveArrived
            remove(delivery)
        }
        set(first)
        // Both are one to the receiver: who has the later one needs the earlier one no more.
        if second.told { removeTriggers(of: first) }
    }

    /// Drops what belongs to instances that another alerter has taken over.
    mutating func forget(instances: Set<String>) {
        for delivery in deliveries.values where instances.contains(delivery.instance) {
            remove(delivery)
            changedDeliveries.remove(delivery.id)
            inFlight.remove(delivery.id)
        }
        for (key, conversation) in conversations where instances.contains(conversation.instance) {
            conversations[key] = nil
            changedConversations.remove(key)
        }
    }

    /// The instances of which something is on its way to a receiver, or was told and is not over.
    var instances: Set<String> {
        Set(conversations.values.map(\.instance)).union(deliveries.values.map(\.instance))
    }

    /// The keys whose state changed since the last call.
    mutating func takeChanges() -> (conversations: Set<String>, deliveries: Set<String>) {
        defer {
            changedConversations = []
            changedDeliveries = []
        }
        return (changedConversations, changedDeliveries)
    }

    /// Changes that could not be written are still to be written.
    mutating func putBack(conversations: Set<String>, deliveries: Set<String>) {
        changedConversations.formUnion(conversations)
        changedDeliveries.formUnion(deliveries)
    }
}
