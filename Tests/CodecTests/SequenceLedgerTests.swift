import Codec
import Testing

/// The ledger behind a reference, for `#expect` takes no mutating calls.
private final class Book {
    var ledger = SequenceLedger()

    func admit(_ key: SequenceLedger.Key, epoch: String, sequence: UInt64) -> SequenceLedger.Verdict {
        ledger.admit(key, epoch: epoch, sequence: sequence)
    }

    func takeChanges() -> [SequenceLedger.Entry] { ledger.takeChanges() }
}

struct SequenceLedgerTests {
    private let key = SequenceLedger.Key(partition: 3, stream: "c1/samples/pg1")

    @Test func `Each message counts once`() {
        let ledger = Book()
        #expect(ledger.admit(key, epoch: "a", sequence: 1) == .new)
        #expect(ledger.admit(key, epoch: "a", sequence: 2) == .new)
        #expect(ledger.admit(key, epoch: "a", sequence: 2) == .duplicate)
        #expect(ledger.admit(key, epoch: "a", sequence: 1) == .duplicate)
        #expect(ledger.admit(key, epoch: "a", sequence: 3) == .new)
    }

    @Test func `A hole is told`() {
        let ledger = Book()
        #expect(ledger.admit(key, epoch: "a", sequence: 1) == .new)
        #expect(ledger.admit(key, epoch: "a", sequence: 5) == .newAfterGap(missing: 3))
        #expect(ledger.admit(key, epoch: "b", sequence: 4) == .newAfterGap(missing: 3))
    }

    @Test func `Epochs and partitions are apart`() {
        let ledger = Book()
        #expect(ledger.admit(key, epoch: "a", sequence: 1) == .new)
        #expect(ledger.admit(key, epoch: "b", sequence: 1) == .new)
        #expect(ledger.admit(.init(partition: 4, stream: key.stream), epoch: "a", sequence: 1) == .new)
        #expect(ledger.admit(key, epoch: "a", sequence: 1) == .duplicate)
    }

    @Test func `What was stored is known after a restart`() {
        let ledger = Book()
        for sequence in UInt64(1)...7 { _ = ledger.admit(key, epoch: "a", sequence: sequence) }
        let stored = ledger.takeChanges()
        #expect(stored == [.init(key: key, epoch: "a", last: 7)])
        #expect(ledger.takeChanges().isEmpty)
        let next = Book()
        next.ledger.restore(stored)
        #expect(next.admit(key, epoch: "a", sequence: 7) == .duplicate)
        #expect(next.admit(key, epoch: "a", sequence: 8) == .new)
    }

    @Test func `What is stored joins what was seen meanwhile`() {
        let book = Book()
        _ = book.admit(key, epoch: "new", sequence: 1)
        for sequence in UInt64(1)...120 { _ = book.admit(key, epoch: "a", sequence: sequence) }
        book.ledger.restore(
            (1...5).map { .init(key: key, epoch: "old\($0)", last: 9) } + [.init(key: key, epoch: "a", last: 100)])
        #expect(book.admit(key, epoch: "a", sequence: 120) == .duplicate)
        #expect(book.admit(key, epoch: "a", sequence: 121) == .new)
        #expect(book.admit(key, epoch: "a", sequence: 122) == .new)
        #expect(book.admit(key, epoch: "a", sequence: 122) == .duplicate)
        // As many epochs as are kept: the newest.
        #expect(Set(book.ledger.entries.map(\.epoch)) == ["old4", "old5", "new", "a"])
    }

    @Test func `Lost partitions are forgotten`() {
        var ledger = SequenceLedger()
        _ = ledger.admit(key, epoch: "a", sequence: 1)
        ledger.forget([3])
        #expect(ledger == SequenceLedger())
    }
}
