import Codec

/// Rows as JSON arrays for `jsonb_to_recordset`: few columns are worth a COPY, and JSON has nulls.
extension BatchRows {
    private static func rows<S: Sequence>(_ items: S, _ row: (inout JSONText, S.Element) -> Void) -> String {
        var json = JSONText()
        json.beginArray()
        for item in items {
            json.beginObject()
            row(&json, item)
            json.endObject()
        }
        json.endArray()
        return json.text
    }

    /// A field that is left out when there is nothing in it, and then null in the row.
    private static func field(_ json: inout JSONText, _ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        json.key(name)
        json.string(value)
    }

    private static func field(_ json: inout JSONText, _ name: String, _ value: Int64?) {
        guard let value else { return }
        json.key(name)
        json.number(value)
    }

    /// Zero is how a message says that there is no such time.
    private static func time(_ json: inout JSONText, _ name: String, _ value: Int64) {
        if value != 0 { field(&json, name, value) }
    }

    private static func labels(_ json: inout JSONText, _ name: String, _ labels: [Label]) {
        json.key(name)
        json.beginObject()
        // A name that comes twice would be two keys: the last one counts, as in jsonb.
        for label in labels {
            json.key(label.name)
            json.string(label.value)
        }
        json.endObject()
    }

    private static func text(_ json: inout JSONText, _ name: String, _ value: String) {
        json.key(name)
        json.string(value)
    }

    private static func number(_ json: inout JSONText, _ name: String, _ value: Double) {
        json.key(name)
        json.number(value)
    }

    var textsJSON: String {
        Self.rows(texts.values.sorted { $0.name < $1.name }) { json, text in
            Self.text(&json, "name", text.name)
            Self.text(&json, "text", text.text)
            Self.field(&json, "full_length", text.fullLength)
            Self.text(&json, "parser", text.parser)
            Self.text(&json, "first_instance", text.instance)
            Self.field(&json, "queryid", text.queryid)
            Self.field(&json, "seen_at", text.seenAt)
        }
    }

    var collectorsJSON: String {
        Self.rows(collectors.values.sorted { $0.collector < $1.collector }) { json, status in
            Self.text(&json, "collector", status.collector)
            Self.text(&json, "version", status.version)
            Self.text(&json, "hostname", status.hostname)
            Self.field(&json, "pid", Int64(status.pid))
            Self.time(&json, "started_at", status.startedAt)
            Self.field(&json, "time", status.time)
            Self.field(&json, "interval_us", status.intervalMicroseconds)
            Self.field(&json, "cpu_us", status.cpuMicroseconds)
            Self.field(&json, "rss_bytes", status.rssBytes)
            Self.field(&json, "spool_bytes", status.spoolBytes)
            Self.field(&json, "spool_oldest_us", status.spoolOldest)
            Self.field(&json, "spool_dropped", status.spoolDropped)
            Self.field(&json, "sent", status.sent)
            json.key("instances")
            json.beginArray()
            for instance in status.instances {
                json.beginObject()
                Self.text(&json, "id", instance.id)
                Self.text(&json, "host", instance.host)
                Self.field(&json, "port", Int64(instance.port))
                Self.field(&json, "interval_us", instance.interval)
                Self.field(&json, "last_success_us", instance.lastSuccess)
                json.endObject()
            }
            json.endArray()
        }
    }

    var findingsJSON: String {
        Self.rows(findings.values.sorted { $0.identity < $1.identity }) { json, finding in
            Self.text(&json, "identity", finding.identity)
            Self.text(&json, "kind", finding.kind)
            Self.text(&json, "instance", finding.instance)
            Self.text(&json, "subject", finding.subject)
            Self.text(&json, "state", "\(finding.state)")
            Self.field(&json, "opened_at", findingsOpened[finding.identity])
            Self.field(&json, "time", finding.time)
            Self.time(&json, "window_start", finding.windowStart)
            Self.time(&json, "window_end", finding.windowEnd)
            Self.number(&json, "value", finding.value)
            Self.number(&json, "baseline", finding.baseline)
            Self.number(&json, "threshold", finding.threshold)
            Self.text(&json, "unit", "\(finding.unit)")
            Self.field(&json, "samples", finding.samples)
            Self.text(&json, "summary", finding.summary)
            Self.labels(&json, "evidence", finding.evidence)
        }
    }

    var eventsJSON: String {
        Self.rows(events.enumerated().sorted { $0.element.identity < $1.element.identity }) { json, item in
            let event = item.element
            Self.alert(&json, event)
            Self.field(&json, "place", Int64(item.offset))
            Self.text(&json, "identity", event.identity)
            Self.text(&json, "kind", event.kind == .delivery ? "delivery" : "state_change")
            guard event.kind == .delivery else { return }
            Self.text(&json, "receiver", event.receiver)
            Self.text(&json, "delivery_status", "\(event.deliveryStatus)")
            Self.field(&json, "attempt", Int64(event.attempt))
            Self.field(&json, "http_status", event.httpStatus == 0 ? nil : Int64(event.httpStatus))
            Self.field(&json, "detail", event.detail)
        }
    }

    private static func alert(_ json: inout JSONText, _ event: AlertEvent) {
        text(&json, "fingerprint", event.fingerprint)
        text(&json, "rule", event.rule)
        text(&json, "instance", event.instance)
        text(&json, "state", "\(event.state)")
        field(&json, "time", event.time)
        time(&json, "starts_at", event.startsAt)
        time(&json, "ends_at", event.endsAt)
        number(&json, "value", event.value)
        labels(&json, "labels", event.labels)
        labels(&json, "annotations", event.annotations)
    }

    /// The facts of these instances.
    func factsJSON(_ wanted: [String]) -> String {
        Self.rows(wanted.sorted()) { json, instance in
            guard let facts = facts[instance] else { return }
            Self.text(&json, "instance", instance)
            Self.field(&json, "host", facts.host)
            Self.field(&json, "port", facts.port)
            Self.field(&json, "system_identifier", facts.systemIdentifier)
            Self.field(&json, "timeline", facts.timeline)
            Self.field(&json, "server_version", facts.serverVersion)
            Self.field(&json, "collector", facts.collector)
        }
    }
}
