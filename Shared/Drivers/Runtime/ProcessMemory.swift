import CLinux

/// The memory of a process that has to stay small.
public enum ProcessMemory {
    /// Has the heap give large blocks back as soon as they are free; called once, before threads are started. It costs
    /// page faults: for processes that work now and then, not for those that never rest.
    public static func keepSmall() { pga_heap_keep_small() }

    /// Gives what is free back to the system, after work that took much more than usual.
    public static func giveBack() { pga_heap_trim() }
}
