extension SpoolLog {
    /// Lets go of the states of servers that are not among `known`; their messages stay until they are delivered, and
    /// their numbers go on should they come back. Durable with the next ``commit()``.
    ///
    /// - Returns: the ids that something was known of.
    mutating func forget(instancesBut known: Set<String>) -> [String] {
        var gone: Set<String> = []
        var states: [SpoolState] = []
        for name in Set(chains.keys).union(chainCounts.keys).sorted() {
            guard let instance = StateName.instance(of: name), !known.contains(instance) else { continue }
            gone.insert(instance)
            states.append(SpoolState(name: name, kind: .cleared, records: []))
        }
        if !states.isEmpty { append(SpoolBatch(states: states)) }
        return gone.sorted()
    }
}
