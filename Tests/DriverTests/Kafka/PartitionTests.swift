import Kafka
import Testing

/// Which partition a key belongs to.
@Suite struct PartitionTests {
    /// murmur2 of some keys as Java's producer has it.
    @Test(
        arguments: [
            ("kafka", 0xd067_cf64), ("giberish123456789", 0x8f55_2b0c), ("1234", 0x9fc9_7b14), ("234", 0xe7c0_09ca),
            ("34", 0x8739_30da), ("4", 0x5a4b_5ca1),
        ] as [(String, UInt32)])
    func `A key's partition is Java's`(key: String, hash: UInt32) {
        for partitions in [1, 3, 4, 24, 1_000] {
            let expected = Int32((hash & 0x7fff_ffff) % UInt32(partitions))
            #expect(KafkaProducer.partition(of: Array(key.utf8), among: partitions) == expected)
        }
    }
}
