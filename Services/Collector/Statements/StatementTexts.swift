import Codec
import Postgres

/// Reads texts of statements from pg_stat_statements, seldom and few.
enum StatementTexts {
    struct Text: Sendable {
        var queryid: Int64
        var text: String
        var fullLength: Int64
    }

    /// What a reading gave; the server's texts take `bytes` in all, where that is known.
    struct Reading: Sendable {
        var texts: [Text] = []
        var bytes: Int64?
        var outcome = Outcome.ok
    }

    /// Only so much of a text is fetched. (Redaction wants the whole text; of what is longer nothing past this is shown.)
    private static let fetched = 1 << 20

    /// The texts of some statements. `size` is what the texts took at the last reading, and becomes what they take now
    /// where the server says it beforehand.
    ///
    /// pg_stat_statements(true) loads the whole file of texts into the backend's memory, and pg_stat_file, which would say
    /// how large that is, is a superuser's to grant. Where it is not granted the size is the sum of the lengths seen by the
    /// last reading, and the first one is bounded by statement_timeout alone.
    static func read(
        _ queryids: [Int64], size: inout Int64?, _ connection: inout PostgresConnection, _ context: ReadingContext
    ) async throws(PostgresError) -> Reading {
        guard let view = context.facts.statements else { return Reading() }
        var fileSize: Int64?
        if context.facts.mayStatFile {
            do throws(PostgresError) {
                let answer = try await connection.query(
                    "SELECT (pg_stat_file('pg_stat_tmp/pgss_query_texts.stat')).size", timeout: context.timeout)
                fileSize = try answer.int(0, 0)
                size = fileSize ?? size
            } catch  where error.code == .query {
                // The file is elsewhere or not there: the last reading's size stands.
            }
        }
        if let size, size > context.server.textBytes {
            return Reading(bytes: size, outcome: tooLarge(size, context))
        }
        // The whole file passes through a tuplestore: room for it in memory, for this one transaction.
        let workMemory = max(65_536, (context.server.textBytes >> 10) * 2)
        try await connection.execute("BEGIN; SET LOCAL work_mem = \(workMemory)", timeout: context.timeout)
        let result = try await connection.query(
            """
            SELECT s.queryid, CASE WHEN s.queryid = ANY ($1) THEN left(s.query, \(fetched)) END, octet_length(s.query)
            FROM \(view.quotedSchema).pg_stat_statements(true) s
            """, [.intArray(queryids)], timeout: context.timeout)
        try await connection.execute("COMMIT", timeout: context.timeout)
        var reading = Reading()
        var total: Int64 = 0
        var seen: Set<Int64> = []
        for row in 0..<result.rowCount {
            let length = Self.length(try result.int(row, 2))
            total += length
            guard let queryid = try result.int(row, 0), let text = try result.text(row, 1),
                seen.insert(queryid).inserted,
                text != "<insufficient privilege>"
            else { continue }
            reading.texts.append(Text(queryid: queryid, text: text, fullLength: length))
        }
        reading.bytes = fileSize ?? total
        return reading
    }

    /// What a server says a text's length is, as what it can be: whatever it says, the sum of all is a number.
    static func length(_ said: Int64?) -> Int64 { min(max(0, said ?? 0), Int64(Int32.max)) }

    private static func tooLarge(_ size: Int64, _ context: ReadingContext) -> Outcome {
        let (what, remedy) =
            size == TextPace.endless
            ? ("could not be read within statement_timeout there", "statement_timeout")
            : ("take \(size) bytes there, above text_bytes = \(context.server.textBytes)", "text_bytes")
        return Outcome(
            code: "texts_too_large",
            message:
                "\(context.server.id): the texts of pg_stat_statements \(what): new statements stay without a name; pg_stat_statements_reset() there, or raise \(remedy)"
        )
    }
}
