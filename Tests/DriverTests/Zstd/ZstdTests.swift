import Testing
import Zstd

struct ZstdTests {
    private let text = [UInt8]((0..<20_000).flatMap { "row \($0 % 97) of a table\n".utf8 })

    @Test func `What was compressed comes back`() throws {
        for sample in [[], [7], text, [UInt8](repeating: 0, count: 3_000_000)] {
            for frame in [Zstd.Frame.whole, .stream] {
                let compressed = try Zstd.compress(sample, as: frame)
                #expect(try Zstd.decompress(compressed, limit: sample.count) == sample)
            }
        }
        #expect(try Zstd.compress(text).count < text.count / 20)
    }

    @Test func `Only a frame of a whole says how large it is`() throws {
        // Frame_Content_Size_flag and Single_Segment_flag are the top three bits of the descriptor (RFC 8878, 3.1.1.1.1).
        #expect(try Zstd.compress(text, as: .whole)[4] >> 5 != 0)
        #expect(try Zstd.compress(text, as: .stream)[4] >> 5 == 0)
    }

    @Test func `One byte more than the limit is refused`() throws {
        let compressed = try Zstd.compress(text)
        #expect(throws: ZstdError.self) { try Zstd.decompress(compressed, limit: text.count - 1) }
        do {
            _ = try Zstd.decompress(compressed, limit: 100)
            Issue.record("The limit was not enforced.")
        } catch {
            #expect(error.code == .tooLarge)
        }
    }

    /// A frame header without content size (descriptor 0x00), window 2^10 · 2^7, then one RLE block of 128 KiB, last.
    private static func withoutSize(blocks: Int) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38]
        for index in 0..<blocks {
            let header = (131_072 << 3) | (1 << 1) | (index == blocks - 1 ? 1 : 0)
            frame += [UInt8(header & 0xFF), UInt8((header >> 8) & 0xFF), UInt8(header >> 16), 0x61]
        }
        return frame
    }

    @Test func `A bomb that does not say its size stops at the limit`() throws {
        // 4 bytes of input make 128 KiB of output: 1,000 blocks would be 125 MiB.
        let bomb = ZstdTests.withoutSize(blocks: 1_000)
        do {
            _ = try Zstd.decompress(bomb, limit: 1 << 20)
            Issue.record("The limit was not enforced.")
        } catch {
            #expect(error.code == .tooLarge)
        }
        #expect(try Zstd.decompress(ZstdTests.withoutSize(blocks: 2), limit: 1 << 20).count == 262_144)
    }

    @Test func `A frame that lies about its size is refused and takes no memory for it`() {
        // Single segment, eight bytes of content size: 2^60.
        let claims: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01, 0x00, 0x00]
        do {
            _ = try Zstd.decompress(claims, limit: 1 << 20)
            Issue.record("The claim was believed.")
        } catch {
            #expect(error.code == .tooLarge)
        }
    }

    @Test func `A frame cut anywhere is an error, never a shorter text`() throws {
        let compressed = try Zstd.compress(Array(text.prefix(2_000)))
        for length in 0..<compressed.count {
            #expect(throws: ZstdError.self) { try Zstd.decompress(Array(compressed[..<length]), limit: 10_000) }
        }
    }

    @Test func `Every flipped bit is noticed`() throws {
        let sample = Array(text.prefix(500))
        let compressed = try Zstd.compress(sample)
        for index in compressed.indices {
            var damaged = compressed
            damaged[index] ^= 0x10
            // A bit of the header that means nothing may flip unseen; the content may not change.
            if let result = try? Zstd.decompress(damaged, limit: 10_000) { #expect(result == sample) }
        }
    }

    @Test func `Frames one after the other are one text`() throws {
        let two = try Zstd.compress([1, 2, 3]) + Zstd.compress([4, 5])
        #expect(try Zstd.decompress(two, limit: 5) == [1, 2, 3, 4, 5])
        #expect(throws: ZstdError.self) { try Zstd.decompress(two, limit: 4) }
        #expect(throws: ZstdError.self) { try Zstd.decompress(two + [0], limit: 5) }
    }
}
