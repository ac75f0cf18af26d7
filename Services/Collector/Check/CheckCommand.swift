import Runtime

/// placeholder
enum CheckCommand {
    static let word = Word("check", help: "x")
    static func run(_ settings: CollectorSettings) async -> Int32 { 0 }
}
