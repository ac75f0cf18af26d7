import Codec
import Kafka
import Runtime

/// The recorded tables as a fleet would send them: the same cycles for many instances, each with its stream.
struct Messages {
    let tables: [Table]
    private let epoch: String

    init(tables: [Table], epoch: String) {
        self.tables = tables
        self.epoch = epoch
    }

    var samples: Int { tables.reduce(0) { $0 + $1.sampleCount } }

    /// `cycles` tables of each of `instances` servers, the last of them now.
    func fleet(_ name: String, instances: Int, cycles: Int) -> [(table: Table, sequence: UInt64)] {
        let now = WallClock.microseconds()
        return (0..<cycles).flatMap { cycle in
            (0..<instances).map { instance in
                var table = tables[(cycle + instance) % tables.count]
                table.instance = "\(name)-\(instance)"
                table.collector = "bench"
                table.time = now - Int64(cycles - 1 - cycle) * 10_000_000
                return (table, UInt64(cycle + 1))
            }
        }
    }

    /// A message: encoded here, so that encoding is in what is measured when this is called there.
    func record(_ table: Table, _ sequence: UInt64, topic: String = World.samples, partition: Int32? = nil)
        -> ProducerRecord
    {
        let stream = StreamName(producer: "bench", topic: Topics.samples.name, key: table.instance)
        let envelope = Envelope(Topics.samples, stream: stream, epoch: epoch, sequence: sequence, time: table.time)
        return ProducerRecord(
            topic: topic, key: Array(table.instance.utf8), value: table.encoded(), headers: envelope.headers,
            partition: partition)
    }
}
