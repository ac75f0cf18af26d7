import Codec

/// What changed and is not stored yet, by kind and key.
struct DirtyKeys: Sendable, Equatable {
    var alerts: Set<String> = []
    var instances: Set<String> = []
    var findings: Set<String> = []
    var events: Set<String> = []
    var conversations: Set<String> = []
    var deliveries: Set<String> = []
    var ledger: [SequenceLedger.Entry] = []

    mutating func formUnion(_ other: DirtyKeys) {
        alerts.formUnion(other.alerts)
        instances.formUnion(other.instances)
        findings.formUnion(other.findings)
        events.formUnion(other.events)
        conversations.formUnion(other.conversations)
        deliveries.formUnion(other.deliveries)
        // Newer lines come after older ones, and the last of a key wins.
        ledger = other.ledger + ledger
    }

    var isEmpty: Bool { self == DirtyKeys() }
}
