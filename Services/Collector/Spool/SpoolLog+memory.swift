extension SpoolLog {
    /// Keeps the queue within its bound while the disk takes nothing: the oldest go. Texts of statements, which are said
    /// once only, are held behind everything else as far as there is room.
    mutating func boundMemory() {
        var texts = Texts()
        let room = limits.memoryBytes / Texts.share
        while queuedBytes + texts.bytes > limits.memoryBytes, queue.count > 1 {
            let lost = dropOldestPending()
            guard lost.batch.messages.contains(where: { !$0.sequenced }) else { continue }
            // Those kept before are together with them, so that they stay within their part.
            if let index = queue.firstIndex(where: \.isKept) {
                let before = queue[index].batch.messages
                // Its place stays: what is cleared may be written there.
                queue[index].isKept = false
                queue[index].batch.messages = []
                queue[index].batch.sequences = []
                encode(index)
                counters.dropped += before.count
                texts.add(before, within: room)
            }
            texts.add(lost.batch.messages, within: room)
        }
        if queuedBytes + texts.bytes <= limits.memoryBytes { keep(texts) }
    }

    /// Queues texts that would have gone.
    mutating func keep(_ texts: Texts) {
        guard !texts.messages.isEmpty else { return }
        var batch = SpoolBatch(messages: texts.messages)
        batch.sequences = texts.messages.map { _ in 0 }
        enqueue(batch)
        queue[queue.count - 1].isKept = true
        counters.dropped -= texts.messages.count
    }

    /// The disk has taken nothing for so long that memory is full too. The messages are gone (their numbers are the
    /// gap); the readings they were taken from must not be believed after a restart, so they are cleared.
    private mutating func dropOldestPending() -> Pending {
        let lost = queue.removeFirst()
        queuedBytes -= lost.frame.count
        counters.dropped += lost.batch.messages.count
        breakChains(Set(lost.batch.states.map(\.name)))
        return lost
    }

    /// A part of these states is gone: what is queued of them is worth nothing, what is on disk must not be believed after
    /// a restart, and their next records have to be full ones.
    mutating func breakChains(_ broken: Set<String>) {
        guard !broken.isEmpty else { return }
        for name in broken {
            chains[name] = nil
            chainCounts[name] = nil
        }
        if queue.isEmpty { enqueue(SpoolBatch()) }
        for index in queue.indices {
            let kept = queue[index].batch.states.filter { !broken.contains($0.name) }
            guard index == 0 || kept.count != queue[index].batch.states.count else { continue }
            queue[index].batch.states = kept
            if index == 0 {
                queue[0].batch.states += broken.sorted().map { SpoolState(name: $0, kind: .cleared, records: []) }
            }
            encode(index)
        }
    }

    /// A batch of the queue is another than it was.
    private mutating func encode(_ index: Int) {
        let frame = Frame.encode(queue[index].batch.encode())
        queuedBytes += frame.count - queue[index].frame.count
        queue[index].frame = frame
    }

    /// Messages without a number that are kept when the batch they came with goes: of each key the newest.
    struct Texts {
        /// They take at most this part of what is full.
        static let share = 4

        private(set) var messages: [SpoolMessage] = []
        /// About what they take in the spool, at most.
        private(set) var bytes = 0

        /// Adds the messages without a number; the oldest go when all of them take more than `room`.
        mutating func add(_ more: [SpoolMessage], within room: Int) {
            var seen: Set<String> = []
            var kept: [SpoolMessage] = []
            // The frame around them.
            var size = 64
            for message in (messages + more.filter { !$0.sequenced }).reversed()
            where seen.insert(SpoolLog.stream(of: message)).inserted {
                guard size + Self.size(message) <= room else { continue }
                size += Self.size(message)
                kept.append(message)
            }
            messages = kept.reversed()
            bytes = kept.isEmpty ? 0 : size
        }

        private static func size(_ message: SpoolMessage) -> Int {
            message.payload.count + message.key.utf8.count + message.topic.utf8.count + message.type.utf8.count + 32
        }
    }
}
