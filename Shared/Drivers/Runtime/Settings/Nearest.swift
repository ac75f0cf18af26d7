/// The nearest of some names to a misspelt one.
enum Nearest {
    /// `; did you mean x?` for a name that is near enough to be meant, else nothing.
    static func hint(_ name: String, among known: some Sequence<String>) -> String {
        find(name, among: known).map { "; did you mean \($0)?" } ?? ""
    }

    /// The nearest name, unless even that differs in more than a third of its letters.
    static func find(_ name: String, among known: some Sequence<String>) -> String? {
        let scored = known.map { (name: $0, distance: distance(name, $0)) }
        guard let best = scored.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(2, max(name.count, best.name.count) / 3) ? best.name : nil
    }

    /// How many letters have to be put in, taken out, replaced or swapped with their neighbour.
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.lowercased().utf8)
        let b = Array(right.lowercased().utf8)
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforePrevious[j - 1] + 1) }
                row.append(cost)
            }
            (beforePrevious, previous) = (previous, row)
        }
        return previous[b.count]
    }
}
