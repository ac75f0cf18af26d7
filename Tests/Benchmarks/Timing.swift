/// Wall-clock times of repeated runs.
struct Timing {
    /// In seconds, shortest first.
    let runs: [Double]

    var best: Double { runs[0] }
    var median: Double { runs[runs.count / 2] }

    /// Runs `body` over and over for about so many seconds, at least nine times, after two that do not count.
    static func measure(seconds: Double = 1.5, _ body: () throws -> Void) rethrows -> Timing {
        let clock = ContinuousClock()
        for _ in 0..<2 { try body() }
        var runs: [Double] = []
        let end = clock.now + .seconds(seconds)
        while runs.count < 9 || clock.now < end {
            let time = try clock.measure { try body() }
            runs.append(Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
        }
        return Timing(runs: runs.sorted())
    }
}
