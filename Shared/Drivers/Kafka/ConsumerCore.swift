import CRdkafka
import Runtime

/// The C side of a consumer.
///
/// Unchecked: every member is touched on the consumer's own thread only, where the callbacks fire too, for they fire
/// inside `rd_kafka_consumer_poll` and `rd_kafka_consumer_close`.
final class ConsumerCore: @unchecked Sendable {
    private let settings: KafkaSettings
    let watch: ClientWatch
    let metrics: ConsumerMetrics
    private var handle: OpaquePointer?
    private var tracks: [ConsumerTrack] = []
    /// Which track a message belongs to, by its topic handle's address; emptied whenever the assignment changes.
    private var sources: [Source: Int] = [:]
    /// What the callbacks and error messages noted and the loop has not taken yet.
    var news = Polled()
    var isClosing = false
    var awaitsAssign = false
    /// Taken from the queue while a batch was being worked on: first in the next one.
    private var stash: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    private var paused: [TopicPartition] = []
    /// Paused until assigned anew.
    private var held: Set<TopicPartition> = []
    /// To be read anew from elsewhere: nothing of them is handed over until they are assigned so.
    private var suspended: Set<TopicPartition> = []
    private var nextCommit = ContinuousClock.now
    private var nextUpkeep = ContinuousClock.now

    private struct Source: Hashable {
        let topic: OpaquePointer?
        let partition: Int32
    }

    init(_ settings: KafkaSettings, watch: ClientWatch, metrics: ConsumerMetrics) {
        self.settings = settings
        self.watch = watch
        self.metrics = metrics
    }

    /// Joins the group. No broker needs to be there yet.
    func open(group: String, topics: [String]) throws(KafkaError) {
        let configuration = try Configuration(
            settings.consumer(group: group), overriddenBy: settings.properties)
        listen(configuration.pointer)
        let handle = try configuration.makeHandle(RD_KAFKA_CONSUMER)
        self.handle = handle
        rd_kafka_set_log_queue(handle, nil)
        rd_kafka_poll_set_consumer(handle)
        let list = PartitionList(topics.map { (TopicPartition(topic: $0, partition: -1), nil) })
        let code = rd_kafka_subscribe(handle, list.pointer)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError.explained(code, subject: "subscribing to \(topics)", settings: settings)
        }
    }

    // MARK: Polling

    /// Waits for the first record up to `timeout`, then takes what is there already, without waiting.
    ///
    /// One `rd_kafka_consumer_poll` a record: `rd_kafka_consume_batch_queue` skips offsets after pause and resume before
    /// 2.1.0 (#4208), and waits out its whole time.
    func poll(limit: Int, bytes: Int, timeout: Duration) -> Polled {
        guard let handle else { return Polled() }
        resume()
        var messages = stash
        stash = []
        var size = messages.reduce(0) { $0 + $1.pointee.len + $1.pointee.key_len }
        var wait = messages.isEmpty ? timeout.milliseconds : 0
        while messages.count < limit, size < bytes, news.changes.isEmpty,
            let message = rd_kafka_consumer_poll(handle, wait)
        {
            wait = 0
            if take(message) {
                size += message.pointee.len + message.pointee.key_len
                messages.append(message)
            } else if messages.isEmpty {
                break  // an error may repeat at once; it must not keep us from what else there is to do
            }
        }
        var polled = hasNews()
        news = Polled()
        if !messages.isEmpty {
            watch.flows()
            metrics.took(records: messages.count, bytes: size)
            polled.batch = HeldBatch(RecordBatch(taking: messages))
        }
        upkeep()
        return polled
    }

    /// Serves librdkafka, everything paused, while a batch is being worked on or cannot be: longer than
    /// `max.poll.interval.ms` without a poll and we are out of the group, also when paused. Nothing should come; what
    /// does is kept. Answers what is waiting for the next `poll`.
    func keepAlive(timeout: Duration) -> Polled {
        guard let handle else { return Polled() }
        pause()
        var wait = timeout.milliseconds
        while news.changes.isEmpty, let message = rd_kafka_consumer_poll(handle, wait) {
            wait = 0
            if take(message) { stash.append(message) }
        }
        upkeep()
        return hasNews()
    }

    private func hasNews() -> Polled {
        if let fatal = fatalError() { news.fatal = fatal }
        return news
    }

    /// Whether the message is a record to hand over; one that is not is noted and freed.
    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> Bool {
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
            note(message)
        } else if accept(message) {
            return true
        }
        rd_kafka_message_destroy(message)
        return false
    }

    /// Whether a record is one to hand over; moves its partition's position if so.
    private func accept(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> Bool {
        let source = Source(topic: message.pointee.rkt, partition: message.pointee.partition)
        guard let index = sources[source] ?? find(source) else { return false }
        let partition = tracks[index].partition
        // A partition resumed while it was not paused may start again before its position (#4686, #2593).
        guard !held.contains(partition), !suspended.contains(partition),
            message.pointee.offset >= tracks[index].next
        else { return false }
        tracks[index].next = message.pointee.offset + 1
        tracks[index].lastRecord = .now
        return true
    }

    private func find(_ source: Source) -> Int? {
        let topic = String(cString: rd_kafka_topic_name(source.topic))
        let index = tracks.firstIndex { $0.partition.partition == source.partition && $0.partition.topic == topic }
        sources[source] = index
        return index
    }

    private func note(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        // With an error set the payload is the error's text.
        let text = message.pointee.payload.map {
            String(decoding: UnsafeRawBufferPointer(start: $0, count: message.pointee.len), as: UTF8.self)
        }
        let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            metrics.failed(.autoOffsetReset)
            news.lost.append(TopicPartition(topic: topic, partition: message.pointee.partition))
        case RD_KAFKA_RESP_ERR__PARTITION_EOF: break
        default:
            let error = KafkaError.explained(
                message.pointee.err, detail: text, subject: topic.isEmpty ? "" : "topic \(topic)", settings: settings)
            metrics.failed(error.code)
            if error.isFatal {
                news.fatal = error
            } else {
                watch.stand(error)
            }
        }
    }

    /// A fatal error (fenced, for one) stays one: the handle is of no use any more.
    private func fatalError() -> KafkaError? {
        guard let handle else { return nil }
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let said = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return KafkaError.explained(
            RD_KAFKA_RESP_ERR__FATAL, detail: "\(String(cString: rd_kafka_err2name(code))): \(said)", settings: settings
        )
    }

    // MARK: Positions

    /// The cluster's id, or an error when nobody tells it in time.
    func clusterID(_ timeout: Duration) throws(KafkaError) -> String {
        guard let handle, let text = rd_kafka_clusterid(handle, timeout.milliseconds) else {
            throw watch.lastError
                ?? KafkaError(.timedOut, "\(settings.place) did not tell the cluster's id in time", isRetriable: true)
        }
        defer { rd_kafka_mem_free(handle, text) }
        return String(cString: text)
    }

    /// Where each partition's reading can start, asked of the leaders.
    func watermarks(
        _ partitions: [TopicPartition], _ timeout: Duration
    ) throws(KafkaError) -> [TopicPartition: Watermarks] {
        guard let handle else { throw KafkaError(.closed, "the consumer is closed") }
        let marks = try Watermarks.ask(handle, of: partitions, timeout, settings)
        watch.flows()
        return marks
    }

    /// Where everything goes on, as far as it is known: at what was taken and not handed over yet, if there is any.
    var positions: [TopicPartition: Int64] {
        var positions = Dictionary(tracks.map { ($0.partition, $0.next) }, uniquingKeysWith: { first, _ in first })
        for message in stash {
            guard let partition = partition(of: message), let next = positions[partition] else { continue }
            positions[partition] = min(next, message.pointee.offset)
        }
        return positions
    }

    private func partition(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> TopicPartition? {
        let source = Source(topic: message.pointee.rkt, partition: message.pointee.partition)
        return (sources[source] ?? find(source)).map { tracks[$0].partition }
    }

    /// Reads these partitions from these offsets, and nothing else: the one way positions are ever set. Seeking and
    /// resuming at an offset have each their own failures in some version (#3471, #5591). Partitions held are left out
    /// rather than paused again, for a pause right after an assignment may stop it for good (#5591).
    func assign(_ positions: [(TopicPartition, Int64)]) throws(KafkaError) {
        guard let handle else { return }
        resume()
        let list = PartitionList(positions.filter { !held.contains($0.0) }.map { ($0.0, $0.1) })
        let code = rd_kafka_assign(handle, list.pointer)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError.explained(code, subject: "assigning partitions", settings: settings)
        }
        awaitsAssign = false
        forget()
        tracks = positions.map { ConsumerTrack($0.0, at: $0.1) }
    }

    /// Accepts an assignment without reading any of it yet, so that a group does not wait for us.
    func assignNothing() throws(KafkaError) {
        guard awaitsAssign else { return }
        try assign([])
    }

    /// Gives everything back.
    func unassign(isLost: Bool) {
        guard let handle else { return }
        if !isLost { commit(force: true) }
        // The held ones too: librdkafka keeps what is paused so, also when it is assigned anew (#1849, #5113).
        paused = Array(held.union(paused))
        held = []
        resume()
        _ = rd_kafka_assign(handle, nil)
        awaitsAssign = false
        forget()
    }

    private func forget() {
        for message in stash { rd_kafka_message_destroy(message) }
        stash = []
        sources = [:]
        paused = []
        suspended = []
        for track in tracks { metrics.lag(track.partition, nil) }
        tracks = []
    }

    /// Notes what became of a batch.
    func apply(next: [TopicPartition: Int64], held new: [TopicPartition: Int64], rewound: Set<TopicPartition>) {
        suspended.formUnion(rewound)
        stash.removeAll { message in
            guard let partition = partition(of: message), rewound.contains(partition) || new[partition] != nil else {
                return false
            }
            rd_kafka_message_destroy(message)
            return true
        }
        for index in tracks.indices {
            let partition = tracks[index].partition
            if let offset = new[partition] {
                tracks[index].next = offset
                tracks[index].done = max(tracks[index].done, offset)
                hold(partition)
            } else if let offset = next[partition] {
                tracks[index].done = max(tracks[index].done, offset)
            }
        }
        commit(force: false)
    }

    private func hold(_ partition: TopicPartition) {
        guard let handle, held.insert(partition).inserted else { return }
        let list = PartitionList([(partition, nil)])
        _ = rd_kafka_pause_partitions(handle, list.pointer)
    }

    var heldCount: Int { held.count }

    /// Tells Kafka how far we are, at most once a second: only lag tools and autoscaling read it. Asynchronously, for a
    /// commit may wait for `socket.timeout.ms` when the coordinator is away (#1002); librdkafka itself waits for it
    /// before it gives partitions back.
    private func commit(force: Bool) {
        guard let handle, force || ContinuousClock.now >= nextCommit else { return }
        let moved = tracks.filter { $0.done > $0.committed }
        guard !moved.isEmpty else { return }
        nextCommit = .now + .seconds(1)
        let list = PartitionList(moved.map { ($0.partition, $0.done) })
        // What was revoked meanwhile is refused (_STATE), and rightly.
        _ = rd_kafka_commit(handle, list.pointer, 1)
        for index in tracks.indices { tracks[index].committed = tracks[index].done }
    }

    // MARK: Pausing

    /// Stops the flow of everything not stopped yet.
    func pause() {
        guard let handle, paused.isEmpty else { return }
        let flowing = tracks.map(\.partition).filter { !held.contains($0) }
        guard !flowing.isEmpty else { return }
        let list = PartitionList(flowing.map { ($0, nil) })
        if rd_kafka_pause_partitions(handle, list.pointer) == RD_KAFKA_RESP_ERR_NO_ERROR { paused = flowing }
    }

    /// Lets flow again what `pause` stopped, and only that: resuming what is not paused rewinds it (#4686).
    func resume() {
        guard let handle, !paused.isEmpty else { return }
        let list = PartitionList(paused.filter { !held.contains($0) }.map { ($0, nil) })
        _ = rd_kafka_resume_partitions(handle, list.pointer)
        paused = []
        let now = ContinuousClock.now
        for index in tracks.indices { tracks[index].lastRecord = now }
    }

    // MARK: Upkeep

    /// Once a second: lag, the commit that is due, whether a broker answers again.
    private func upkeep() {
        guard let handle, ContinuousClock.now >= nextUpkeep else { return }
        nextUpkeep = .now + .seconds(1)
        for track in tracks {
            var low: Int64 = 0
            var high: Int64 = 0
            let code = rd_kafka_get_watermark_offsets(
                handle, track.partition.topic, track.partition.partition, &low, &high)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { continue }
            metrics.lag(track.partition, max(0, high - track.done))
        }
        commit(force: false)
        guard watch.needsProbe else { return }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        if rd_kafka_metadata(handle, 0, nil, &metadata, 100) == RD_KAFKA_RESP_ERR_NO_ERROR {
            rd_kafka_metadata_destroy(metadata)
            watch.answered()
        } else {
            watch.isSilent()
        }
    }

    /// A partition that flows, has given nothing for `patience`, and yet has records: its reader is stuck inside
    /// librdkafka (#5591 and others), and assigning anew from the same position sets it going.
    func stuckPartition(patience: Duration) -> TopicPartition? {
        guard let handle, paused.isEmpty, watch.lastError == nil else { return nil }
        let now = ContinuousClock.now
        for index in tracks.indices where now - tracks[index].lastRecord > patience {
            let track = tracks[index]
            tracks[index].lastRecord = now  // looked at once per patience
            guard !held.contains(track.partition) else { continue }
            var low: Int64 = 0
            var high: Int64 = 0
            // What the last fetch said; only a partition that was never fetched, or lags, is worth a question.
            _ = rd_kafka_get_watermark_offsets(
                handle, track.partition.topic, track.partition.partition, &low, &high)
            if high >= 0, high <= track.next { continue }
            if let marks = try? watermarks([track.partition], .seconds(1))[track.partition], marks.high > track.next {
                return track.partition
            }
            return nil
        }
        return nil
    }

    // MARK: End

    /// Commits, leaves the group and frees everything. May hang inside librdkafka (#2077, #4187, #4884): the caller
    /// has a deadline and leaves this thread behind.
    func close() {
        guard let handle else { return }
        isClosing = true
        commit(force: true)
        resume()
        // An assignment that nobody answered would keep close waiting for the answer.
        if awaitsAssign { _ = rd_kafka_assign(handle, nil) }
        forget()
        _ = rd_kafka_consumer_close(handle)
        rd_kafka_destroy(handle)
        self.handle = nil
    }
}
