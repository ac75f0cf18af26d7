import Codec

extension TableNews {
    /// A hundred years: no interval and no clock's error is longer, whatever a message says.
    private static let longest: Int64 = 3_155_760_000_000_000

    /// What the engine needs of a table.
    init(_ table: Table, partition: Int32, stream: String, reader: SeriesReader) {
        var interval: Int64 = 0
        var offset: Int64?
        // Gauges carry no interval; a cycle says when the next one begins.
        if table.family == Family.cycle.name, table.rowCount > 0 {
            interval = min(table.integer("next_interval", 0) ?? 0, Self.longest)
            offset = table.integer("clock_offset", 0).map { min(max($0, -Self.longest), Self.longest) }
        }
        self.init(
            family: table.family, instance: table.instance, collector: table.collector, partition: partition,
            stream: stream, time: table.time, interval: max(0, interval), clockOffset: offset,
            isByCollector: ["cycle", "cycle_family", "system", "system_disk"].contains(table.family),
            samples: reader.samples(table))
    }
}

extension FindingNews {
    /// What a page says of a finding is short, whatever the finding carries: so many Unicode scalars of each text.
    static let longest = SeriesReader.longest

    /// What the engine needs of a finding.
    init(_ finding: Finding, partition: Int32) {
        func evidence(_ name: String) -> String {
            (finding.evidence.first { $0.name == name }?.value ?? "").beginning(Self.longest)
        }
        let labels: Labels = [
            "instance": finding.instance, "kind": finding.kind, "subject": finding.subject.beginning(Self.longest),
            "finding": finding.identity, "datname": evidence("database"), "user": evidence("username"),
            "queryid": evidence("queryid"), "statement": evidence("statement"), "text": evidence("text"),
        ]
        self.init(
            identity: finding.identity, instance: finding.instance, partition: partition, time: finding.time,
            isOver: finding.state == .resolved, labels: labels.filter { !$0.value.isEmpty }, value: finding.value)
    }
}
