import Codec
import Foundation
import Testing

/// Random bytes for two seconds, or for as long as `PGA_TEST_FUZZ_SECONDS` says.
@Suite struct FuzzTests {
    private static let seconds = Double(ProcessInfo.processInfo.environment["PGA_TEST_FUZZ_SECONDS"] ?? "") ?? 2

    @Test func `Random bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        let end = ContinuousClock.now + .seconds(Self.seconds / 2)
        while ContinuousClock.now < end {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                // Small bytes are likelier to be tags and lengths.
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...0x60, using: &generator) : UInt8.random(in: 0...255, using: &generator)
            }
            Hostile.each { Hostile.feed(bytes, $0) }
        }
    }

    @Test func `Mutated messages never trap`() {
        var generator = SystemRandomNumberGenerator()
        let seeds = MessageSamples.all.map { ($0.encoded(), type(of: $0)) }.filter { !$0.0.isEmpty }
        let end = ContinuousClock.now + .seconds(Self.seconds / 2)
        while ContinuousClock.now < end {
            let (seed, type) = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            var bytes = seed
            for _ in 0...Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
                }
            }
            Hostile.feed(bytes, type)
        }
    }
}
