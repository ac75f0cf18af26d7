import Codec

/// What is to be stored, as rows: one transaction's worth.
struct Journal: Sendable {
    /// Where a row belongs.
    enum Kind: String, Sendable, CaseIterable {
        case alerts, instances, findings, events, conversations, deliveries
    }

    struct Row: Sendable, Equatable {
        let key: String
        let partition: Int32
        let json: String
    }

    var upserts: [Kind: [Row]] = [:]
    var deletes: [Kind: [String]] = [:]
    var ledger: [SequenceLedger.Entry] = []
    /// What it was made from, to put back when it could not be written.
    var keys = DirtyKeys()

    var isEmpty: Bool { keys.isEmpty }
}

/// What is stored of some partitions.
struct StoredState: Sendable {
    var alerts: [Alert] = []
    var instances: [WatchedInstance] = []
    var findings: [OpenFinding] = []
    var events: [EventNote] = []
    var conversations: [NotificationBook.Conversation] = []
    var deliveries: [Delivery] = []
    var ledger: [SequenceLedger.Entry] = []
}
