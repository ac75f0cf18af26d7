import Codec
import Testing

/// Drivers could be anybody's: no name of ours is in them.
@Suite struct VocabularyTests {
    private static let names: Set<String> = {
        var names = Set(Topics.all.map(\.name)).union(Topics.all.map(\.message))
        for family in Catalogue.families {
            names.insert(family.name)
            names.formUnion(family.values.compactMap(\.prometheusName))
        }
        // Words of PostgreSQL's own, which a driver may say.
        return names.subtracting(["database", "system", "connections"])
    }()

    @Test func `No driver names a topic, a message, a table or a metric of ours`() {
        for file in Repository.files("Shared/Drivers") {
            for literal in StringLiterals(file.text).found {
                #expect(!Self.names.contains(literal.text), "\(file.path):\(literal.line)")
                for word in ["pganalytics", "api.", "metrics.", "ledger.", "accounts."]
                where literal.text.lowercased().hasPrefix(word) {
                    Issue.record("\(file.path):\(literal.line) says \(literal.text)")
                }
            }
        }
    }
}
