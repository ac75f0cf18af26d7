import Runtime
import Testing

struct MetricRegistryTests {
    @Test func `The text is Prometheus' own`() {
        let registry = MetricRegistry()
        registry.counter("rows_total", help: "Rows\nwritten.", labels: ["topic": "a\"b\\"]).add(3)
        registry.counter("rows_total", help: "Rows\nwritten.").add()
        registry.gauge("lag", help: "Lag.").set(1.5)
        let seconds = registry.histogram("seconds", help: "Time.", labels: ["stage": "x"], buckets: [0.1, 1])
        seconds.observe(0.1)
        seconds.observe(0.5)
        seconds.observe(.seconds(7))
        #expect(
            registry.render() == """
                # HELP lag Lag.
                # TYPE lag gauge
                lag 1.5
                # HELP rows_total Rows\\nwritten.
                # TYPE rows_total counter
                rows_total 1
                rows_total{topic="a\\"b\\\\"} 3
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{stage="x",le="0.1"} 1
                seconds_bucket{stage="x",le="1"} 2
                seconds_bucket{stage="x",le="+Inf"} 3
                seconds_sum{stage="x"} 7.6
                seconds_count{stage="x"} 3

                """)
    }

    @Test func `The same name and labels are the same handle, in any order of the labels`() {
        let registry = MetricRegistry()
        let one = registry.counter("x_total", help: "X.", labels: ["a": "1", "b": "2"])
        #expect(one === registry.counter("x_total", help: "X.", labels: ["b": "2", "a": "1"]))
        #expect(one !== registry.counter("x_total", help: "X.", labels: ["a": "1"]))
    }

    @Test func `Nothing is lost when many add at once`() async {
        let registry = MetricRegistry()
        let counter = registry.counter("x_total", help: "X.")
        let gauge = registry.gauge("y", help: "Y.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.add()
                        gauge.add(1)
                        gauge.add(-0.5)
                    }
                }
            }
        }
        #expect(counter.value == 8_000)
        #expect(gauge.value == 4_000)
    }

    @Test func `What is asked for at rendering is up to date`() {
        let registry = MetricRegistry()
        let gauge = registry.gauge("now", help: "Now.")
        registry.beforeRender { gauge.add(1) }
        #expect(registry.render().hasSuffix("now 1\n"))
        #expect(registry.render().hasSuffix("now 2\n"))
    }

    @Test func `A process knows what it uses`() {
        let usage = ProcessUsage.now()
        #expect(usage.cpuMicroseconds > 0 && usage.residentBytes > 1 << 20 && usage.openDescriptors >= 3)
        let age = WallClock.microseconds() - ProcessUsage.startedAt()
        #expect((0..<3_600_000_000).contains(age), "\(age)")
        let registry = MetricRegistry()
        registry.addProcessMetrics()
        #expect(registry.render().contains("\nprocess_resident_memory_bytes "))
    }
}
