import Testing

@testable import Analyzer

struct BaselineCodingTests {
    private func sample() -> Baseline {
        var baseline = Baseline(firstSeen: 1_700_000_000_000_000)
        var random = SplitMix(state: 3)
        for step in 0..<1_000 {
            let time = baseline.firstSeen + Int64(step) * 120_000_000
            baseline.learn(Double.random(in: 1e4..<1e9, using: &random), at: time)
            baseline.lastSeen = time
        }
        baseline.learn(0, at: baseline.lastSeen)
        var episode = Episode(windowStart: 5, lastBroken: -6, name: "Größe", lastSaid: 7)
        episode.peak = 1.5e9
        episode.said = 3
        baseline.episode = episode
        baseline.name = "9a8b7c"
        baseline.shadow = Shadow(since: 9)
        baseline.shadow?.sketch.add(12)
        return baseline
    }

    @Test func `What is stored comes back`() throws {
        let baseline = sample()
        #expect(try BaselineCoding.decode(BaselineCoding.encode(baseline)) == baseline)
        let fresh = Baseline(firstSeen: .min / 4)
        #expect(try BaselineCoding.decode(BaselineCoding.encode(fresh)) == fresh)
    }

    @Test func `A usual baseline of a day takes about a kilobyte`() {
        var baseline = Baseline(firstSeen: 0)
        var random = SplitMix(state: 4)
        for step in 0..<8_640 {
            baseline.learn(Double.random(in: 8e5..<1.4e6, using: &random), at: Int64(step) * 10_000_000)
        }
        #expect(BaselineCoding.encode(baseline).count < 2_500)
    }

    @Test func `Cut off anywhere it is an error and never a trap`() {
        let bytes = BaselineCoding.encode(sample())
        for length in 0..<bytes.count {
            #expect(throws: BaselineCoding.Failure.self) { try BaselineCoding.decode(Array(bytes[..<length])) }
        }
    }

    @Test func `Random bytes are an error or a baseline, never a trap`() {
        var random = SplitMix(state: 5)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if !bytes.isEmpty { bytes[0] = BaselineCoding.version }
            _ = try? BaselineCoding.decode(bytes)
        }
    }

    @Test func `A newer layout is refused by name`() {
        var bytes = BaselineCoding.encode(sample())
        bytes[0] = 9
        let failure = #expect(throws: BaselineCoding.Failure.self) { try BaselineCoding.decode(bytes) }
        #expect(failure?.description.contains("layout 9") == true)
    }
}
