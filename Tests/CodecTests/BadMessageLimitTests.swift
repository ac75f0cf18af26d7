import Codec
import Testing

struct BadMessageLimitTests {
    @Test func `A few bad messages are buried, a flood is refused before any is published`() {
        var limit = BadMessageLimit(ratio: 0.2, minimum: 20)
        #expect(limit.refuses(bad: 20, of: 20) == nil)
        #expect(limit.refuses(bad: 21, of: 100) == 0.21)
        #expect(limit.refuses(bad: 21, of: 1000) == nil)
        for _ in 0..<10 { limit.took(bad: 2, of: 1000) }
        #expect(limit.refuses(bad: 900, of: 1000) != nil)
        #expect(limit.refuses(bad: 0, of: 1000) == nil)
    }
}
