import Codec
import Testing

@testable import Collector

/// Two rows of one key are one.
@Suite struct MergedRowsTests {
    private let columns = [
        ReadingColumn(name: "calls", kind: .counter), ReadingColumn(name: "exec_sum_sq", kind: .doubleCounter),
        ReadingColumn(name: "min_exec_time", kind: .gauge), ReadingColumn(name: "max_exec_time", kind: .gauge),
    ]

    private func row(_ calls: Int64, _ squares: Double, _ least: Int64, _ most: Int64) -> [Int64] {
        [calls, Int64(bitPattern: squares.bitPattern), least, most]
    }

    @Test func `Counts are added, extremes are those of both, and other rows stay what they are`() {
        var merged = MergedRows(columns: columns)
        merged.add(RowKey(first: 1), row(3, 1.5, 20, 40))
        merged.add(RowKey(first: 2), row(7, 2, 1, 2))
        merged.add(RowKey(first: 1), row(4, 2.25, 10, 30))
        #expect(merged.keys == [RowKey(first: 1), RowKey(first: 2)])
        #expect(Array(merged.row(0)) == row(7, 3.75, 10, 40))
        #expect(Array(merged.row(1)) == row(7, 2, 1, 2))
    }

    @Test func `What one of them does not have the other one says`() {
        var merged = MergedRows(columns: columns)
        merged.add(RowKey(first: 1), [missingValue, 0, 5, missingValue])
        merged.add(RowKey(first: 1), [4, 0, missingValue, missingValue])
        #expect(Array(merged.row(0)) == [4, 0, 5, missingValue])
    }

    @Test func `Both together are counted once, whichever of them moves`() {
        var delta = CounterDelta(columns: columns)
        func read(_ time: Int64, _ rows: [[Int64]]) -> CounterDelta.Outcome {
            var merged = MergedRows(columns: columns)
            for row in rows { merged.add(RowKey(first: 1), row) }
            delta.begin(ReadingHead(systemIdentifier: 1, serverTime: time, monotonic: time, boot: 1))
            defer { _ = delta.end() }
            return delta.row(merged.keys[0], since: 0, Array(merged.row(0)))
        }
        #expect(read(1, [row(100, 0, 1, 9), row(3, 0, 1, 9)]) == .unknown(.first))
        #expect(read(2, [row(100, 0, 1, 9), row(3, 0, 1, 9)]) == .unmoved)
        // The server gives them in any order.
        #expect(read(3, [row(5, 0, 1, 9), row(101, 0, 1, 9)]) == .moved(.ok))
        #expect(delta.deltas[0] == 3)
    }
}
