extension SpoolLog {
    /// Takes note of how many partitions the numbered messages are spread over; durable with the next ``commit()``.
    ///
    /// Readers count a stream's numbers partition by partition, so an epoch keeps the number of partitions that it was
    /// first sent to, and with another number a new epoch begins. What waits for a disk keeps its numbers: then the new
    /// epoch waits too, for the next call.
    mutating func spread(over count: Int, newEpoch: () -> String) {
        for segment in segments where segment.epoch != epoch && partitions[segment.epoch] == nil {
            partitions[segment.epoch] = count
        }
        guard partitions[epoch] != count else { return }
        if partitions[epoch] != nil {
            guard queue.isEmpty else { return }
            epoch = newEpoch()
            sequences = [:]
            durableSequences = [:]
        }
        partitions[epoch] = count
        // It stands in the header of the next segment, which goes with a batch.
        isOpen = false
        if queue.isEmpty { enqueue(SpoolBatch()) }
    }
}
