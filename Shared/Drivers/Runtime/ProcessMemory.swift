import CLinux

/// The memory of a process that has to stay small.
public enum ProcessMemory {
    /// Keeps threads from having heaps of their own; called once, before they are started.
    public static func keepSmall() { pga_heap_keep_small() }

    /// Gives what is free back to the system, after work that took much more than usual.
    public static func giveBack() { pga_heap_trim() }
}
