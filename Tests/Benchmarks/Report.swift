import Foundation

/// What was measured.
struct Measurement: Codable {
    let name: String
    let value: Double
    let unit: String
    let note: String
}

/// Collects figures, shows each as it comes, and writes them as one JSON document.
final class Report {
    private let only: String
    private var measurements: [Measurement] = []

    init(only: String) { self.only = only }

    /// Whether any figure whose name begins so is asked for.
    func wants(_ name: String) -> Bool { name.hasPrefix(only) || only.hasPrefix(name) }

    func add(_ name: String, _ value: Double, _ unit: String, _ note: String) {
        guard name.hasPrefix(only) else { return }
        measurements.append(Measurement(name: name, value: value, unit: unit, note: note))
        let shown =
            value >= 1_000_000
            ? String(format: "%.1f M", value / 1_000_000)
            : value >= 10_000
                ? String(format: "%.0f k", value / 1_000) : String(format: value < 10 ? "%.3f" : "%.1f", value)
        print("\(Self.pad(name, 40)) \(Self.pad(shown, 10, left: true)) \(Self.pad(unit, 14)) \(note)")
        fflush(nil)
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(measurements).write(to: URL(fileURLWithPath: path))
    }

    private static func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }
}
