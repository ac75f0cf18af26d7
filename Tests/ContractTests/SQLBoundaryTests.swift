import Testing

/// Who may read and write which schema of the storage, by the SQL in the sources.
@Suite struct SQLBoundaryTests {
    private static let allowed: [String: Set<String>] = [
        "API": ["api", "accounts"],
        "Analyzer": ["analyzer", "api"],
        "Alerter": ["alerter"],
        "Writer": ["metrics", "ledger", "api"],
        "Operator": ["api"],
        "Collector": [],
    ]

    /// The schema-qualified relations of ours that a statement names, wherever in it they stand.
    static func relations(_ sql: String) -> [(schema: String, relation: String)] {
        let reference = /(?i)\b(metrics|ledger|api|analyzer|alerter|accounts)"?\."?([a-z_?]+)/
        return sql.matches(of: reference).map { ($0.1.lowercased(), String($0.2)) }
    }

    private static func isStatement(_ text: String) -> Bool {
        text.firstMatch(
            of:
                /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|LOCK|WITH|FROM|JOIN)\b/
        ) != nil
    }

    @Test(arguments: Repository.services)
    func `A service's SQL stays in its own schemas and the views`(_ service: String) throws {
        let allowed = try #require(Self.allowed[service], "say which schemas \(service) may use")
        for file in Repository.files("Services/\(service)") {
            for literal in StringLiterals(file.text).found where Self.isStatement(literal.text) {
                for (schema, relation) in Self.relations(literal.text) where !allowed.contains(schema) {
                    Issue.record("\(file.path):\(literal.line) uses \(schema).\(relation)")
                }
            }
        }
    }

    @Test func `Nobody changes what is in the views' schema but the writer, who makes them`() {
        let change = /(?i)\b(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|COPY)\s+"?api"?\./
        for service in Repository.services where service != "Writer" {
            for file in Repository.files("Services/\(service)") {
                for literal in StringLiterals(file.text).found where literal.text.firstMatch(of: change) != nil {
                    Issue.record("\(file.path):\(literal.line) writes to a view")
                }
            }
        }
    }

    @Test func `Relations are found behind keywords, commas and LATERAL`() {
        let found = Self.relations(
            """
            WITH x AS (SELECT * FROM api.statements s JOIN metrics.cycle USING (time), ledger.streams
            LEFT JOIN LATERAL accounts.users_of(s) ON true) INSERT INTO "alerter".state SELECT a.b FROM x
            """
        ).map { "\($0.schema).\($0.relation)" }
        #expect(found == ["api.statements", "metrics.cycle", "ledger.streams", "accounts.users_of", "alerter.state"])
    }

    @Test func `The services with a storage do have SQL that this test sees`() {
        for service in ["API", "Writer", "Analyzer"] {
            let relations = Repository.files("Services/\(service)").flatMap { file in
                StringLiterals(file.text).found.flatMap { Self.relations($0.text) }
            }
            #expect(!relations.isEmpty, "\(service)")
        }
    }
}
