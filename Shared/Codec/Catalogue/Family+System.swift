extension Family {
    /// The machine of a server marked `local`, from /proc: one row.
    public static let system = Family(
        name: "system", kind: .gauge, intervalSeconds: 10,
        description: "Processor, memory and load of the machine, from /proc, for a server marked local: one row.",
        columns: [
            cpu("cpu_user", "user", "Processor time in user mode, nice included."),
            cpu("cpu_system", "system", "Processor time in the kernel."),
            cpu("cpu_idle", "idle", "Processor time without work."),
            cpu("cpu_iowait", "iowait", "Processor time without work while a disk had some."),
            cpu("cpu_irq", "irq", "Processor time in interrupts, soft ones included."),
            cpu("cpu_steal", "steal", "Processor time that the hypervisor gave to others."),
            .gauge("cpus", .count, prometheus: "node_cpus", "Processors."),
            .gauge("load1", .none, .double, prometheus: "node_load1", "Load over a minute."),
            .gauge("load5", .none, .double, prometheus: "node_load5", "Load over five minutes."),
            .gauge("load15", .none, .double, prometheus: "node_load15", "Load over fifteen minutes."),
            .gauge("procs_running", .count, prometheus: "node_procs_running", "Processes that can run."),
            .gauge("procs_blocked", .count, prometheus: "node_procs_blocked", "Processes that wait for a disk."),
            .gauge("memory_total", .bytes, prometheus: "node_memory_MemTotal_bytes", "Memory there is."),
            .gauge("memory_free", .bytes, prometheus: "node_memory_MemFree_bytes", "Memory that nothing uses."),
            .gauge(
                "memory_available", .bytes, prometheus: "node_memory_MemAvailable_bytes",
                "Memory to be had without swapping."),
            .gauge("memory_buffers", .bytes, prometheus: "node_memory_Buffers_bytes", "Memory of raw block devices."),
            .gauge("memory_cached", .bytes, prometheus: "node_memory_Cached_bytes", "Memory of files."),
            .gauge("memory_dirty", .bytes, prometheus: "node_memory_Dirty_bytes", "Memory that waits to be written."),
            .gauge("swap_total", .bytes, prometheus: "node_memory_SwapTotal_bytes", "Swap there is."),
            .gauge("swap_free", .bytes, prometheus: "node_memory_SwapFree_bytes", "Swap that nothing uses."),
            .counter("swap_in", .count, prometheus: "node_vmstat_pswpin", "Pages swapped in."),
            .counter("swap_out", .count, prometheus: "node_vmstat_pswpout", "Pages swapped out."),
            .counter(
                "context_switches", .count, prometheus: "node_context_switches_total", "Switches between threads."),
            .gauge(
                "boot_time", .unixMicroseconds, prometheus: "node_boot_time_seconds", scale: 1e-6,
                "When the machine started."),
        ])

    /// Its block devices.
    public static let systemDisk = Family(
        name: "system_disk", kind: .counter, intervalSeconds: 10,
        description:
            "What each block device did since the last reading, from /proc/diskstats, for a server marked local.",
        columns: [
            .label("device", prometheus: "device", "The device's name."),
            .counter("reads", .count, prometheus: "node_disk_reads_completed_total", "Reads completed."),
            .counter("reads_merged", .count, prometheus: "node_disk_reads_merged_total", "Reads merged into others."),
            .counter("read_bytes", .bytes, prometheus: "node_disk_read_bytes_total", "Bytes read."),
            .counter(
                "read_time", .microseconds, prometheus: "node_disk_read_time_seconds_total", scale: 1e-6,
                "Time that reads took, added up."),
            .counter("writes", .count, prometheus: "node_disk_writes_completed_total", "Writes completed."),
            .counter(
                "writes_merged", .count, prometheus: "node_disk_writes_merged_total", "Writes merged into others."),
            .counter("written_bytes", .bytes, prometheus: "node_disk_written_bytes_total", "Bytes written."),
            .counter(
                "write_time", .microseconds, prometheus: "node_disk_write_time_seconds_total", scale: 1e-6,
                "Time that writes took, added up."),
            .gauge("io_now", .count, prometheus: "node_disk_io_now", "Requests on their way."),
            .counter(
                "io_time", .microseconds, prometheus: "node_disk_io_time_seconds_total", scale: 1e-6,
                "Time during which it had something to do."),
            .counter(
                "weighted_io_time", .microseconds, prometheus: "node_disk_io_time_weighted_seconds_total",
                scale: 1e-6, "The same, times the requests on their way."),
        ])

    private static func cpu(_ name: String, _ mode: String, _ description: String) -> FamilyColumn {
        .counter(
            name, .microseconds, prometheus: "node_cpu_seconds_total", scale: 1e-6, labels: [Label("mode", mode)],
            description)
    }
}
