import Testing

@testable import Analyzer

/// The same numbers on every run, without the system's randomness.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct QuantileSketchTests {
    /// Means as statements have them: spread over orders of magnitude.
    private func values(_ count: Int, seed: UInt64) -> [Double] {
        var random = SplitMix(state: seed)
        return (0..<count).map { _ in
            let uniform = Double.random(in: 0..<1, using: &random)
            return 50_000 / (1.0001 - uniform)
        }
    }

    private func sketch(_ values: [Double]) -> QuantileSketch {
        var sketch = QuantileSketch()
        values.forEach { sketch.add($0) }
        return sketch
    }

    @Test(arguments: [0.0, 0.5, 0.95, 0.99, 1.0])
    func `A quantile is within the stated error of the true one`(q: Double) throws {
        let values = values(5_000, seed: 1)
        let sorted = values.sorted()
        let truth = sorted[Int((q * Double(sorted.count - 1)).rounded(.down))]
        let estimate = try #require(sketch(values).quantile(q))
        #expect(abs(estimate - truth) <= truth * QuantileSketch.relativeError * 1.000_001)
    }

    @Test func `Merging two sketches is the sketch of both`() {
        let values = values(2_000, seed: 2)
        var left = sketch(Array(values[..<700]))
        left.merge(sketch(Array(values[700...])))
        #expect(left == sketch(values))
    }

    @Test func `Nothing in, nothing out`() {
        #expect(QuantileSketch().quantile(0.95) == nil)
    }

    @Test func `Zeros count, and what is no measurement does not`() {
        var sketch = sketch([0, 0, 0, 10])
        for value in [-1, .nan, .infinity] as [Double] { sketch.add(value) }
        #expect(sketch.count == 4)
        #expect(sketch.quantile(0.5) == 0)
        #expect(abs((sketch.quantile(1) ?? 0) - 10) <= 0.1)
    }

    @Test func `Memory is bounded and the upper quantiles survive it`() throws {
        var sketch = QuantileSketch()
        for exponent in 0..<2_000 { sketch.add(1e-9 * exp2(Double(exponent) / 12)) }
        #expect(sketch.keys.count <= QuantileSketch.maximumBuckets)
        let top = 1e-9 * exp2(1_999.0 / 12)
        #expect(abs(try #require(sketch.quantile(1)) - top) <= top * 0.010_001)
    }

    @Test func `Old values fade, and a baseline follows what is normal now`() throws {
        var sketch = QuantileSketch()
        for _ in 0..<20_000 { sketch.add(1_000) }
        #expect(sketch.count <= QuantileSketch.memory)
        for _ in 0..<40_000 { sketch.add(5_000) }
        #expect(abs(try #require(sketch.quantile(0.5)) - 5_000) <= 51)
    }
}

private func exp2(_ x: Double) -> Double {
    var result = 1.0
    var whole = x
    while whole >= 1 {
        result *= 2
        whole -= 1
    }
    return result * (1 + whole * (0.6931471805599453 + whole * (0.2402265 + whole * 0.0663)))
}
