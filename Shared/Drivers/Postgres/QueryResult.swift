import CLibpq

/// The rows of one statement, in memory until this value goes. Cells are decoded when asked for.
///
/// A cell that is NULL is nil; one that is asked for as something it is not throws `.type`, naming the column, and so does
/// one that is not there: what a server answers with no rows is no reason to end the process.
public struct QueryResult: ~Copyable, @unchecked Sendable {
    // Sendable without the compiler's proof: a result is never changed after it was made, and has this one owner.
    let result: OpaquePointer
    private let target: PostgresTarget

    init(_ result: OpaquePointer, target: PostgresTarget) {
        self.result = result
        self.target = target
        rowCount = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
    }

    deinit { PQclear(result) }

    /// How many rows.
    public let rowCount: Int
    /// How many columns.
    public let columnCount: Int

    /// The names of the columns, in order.
    public var columnNames: [String] { (0..<columnCount).map { name(of: $0) } }

    /// What the server did: `SELECT 3`, `COMMIT`.
    public var commandTag: String { String(cString: PQcmdStatus(result)) }

    /// Rows that an INSERT, UPDATE, DELETE or SELECT touched.
    public var affectedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The place of a column, by its exact name.
    public func index(of name: String) -> Int? {
        (0..<columnCount).first { self.name(of: $0) == name }
    }

    /// The identifier of a column's type in `pg_type`.
    public func typeOID(_ column: Int) -> UInt32 { UInt32(PQftype(result, CInt(column))) }

    /// Bytes of all values as the server sent them. A column of fixed width counts by it, its NULLs too: a look at every cell
    /// of a large answer would cost more than this is worth.
    var valueBytes: Int {
        var total = 0
        for column in 0..<CInt(columnCount) {
            let width = Int(PQfsize(result, column))
            // A name is of fixed width in a table and a text on its way.
            if width > 0, PQftype(result, column) != TypeOID.name {
                total += width * rowCount
            } else {
                for row in 0..<CInt(rowCount) { total += Int(PQgetlength(result, row, column)) }
            }
        }
        return total
    }

    /// Whether the cell is NULL.
    public func isNull(_ row: Int, _ column: Int) -> Bool {
        PQgetisnull(result, CInt(row), CInt(column)) == 1
    }

    /// A whole number: int2/4/8, oid, xid, bool as 0 and 1, pg_lsn, or a numeric without a fraction.
    public func int(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.int(), column, cell, "a whole number")
    }

    /// A number: any of `int`'s, float4/8, numeric.
    public func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.double(), column, cell, "a number")
    }

    /// A boolean.
    public func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.bool(), column, cell, "a boolean")
    }

    /// The text form: text, varchar, name, enums, json, uuid, inet, numbers, times in ISO form.
    public func text(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.text(), column, cell, "a text")
    }

    /// Microseconds since 1970 UTC of a timestamptz, a timestamp (taken as UTC) or a date; the infinities are the
    /// extremes of Int64.
    public func timestamp(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.timestamp(), column, cell, "a time")
    }

    /// An interval in microseconds, a day being 24 hours and a month 30 days.
    public func interval(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.interval(), column, cell, "an interval")
    }

    /// The bytes of a bytea; of any other type, its binary form as it came. Nil also for a place that is not there.
    public func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        (try? cell(row, column)).map { Array($0.bytes) }
    }

    /// An array of texts or names; a NULL in it becomes an empty text.
    public func textArray(_ row: Int, _ column: Int) throws(PostgresError) -> [String]? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.array { $0.text() ?? "" }, column, cell, "an array of texts")
    }

    /// An array of whole numbers; a NULL in it becomes 0.
    public func intArray(_ row: Int, _ column: Int) throws(PostgresError) -> [Int64]? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.array { $0.int() ?? 0 }, column, cell, "an array of whole numbers")
    }

    /// An array of numbers; a NULL in it becomes NaN.
    public func doubleArray(_ row: Int, _ column: Int) throws(PostgresError) -> [Double]? {
        guard let cell = try cell(row, column) else { return nil }
        return try checked(cell.array { $0.double() ?? .nan }, column, cell, "an array of numbers")
    }

    private func name(of column: Int) -> String {
        PQfname(result, CInt(column)).map { String(cString: $0) } ?? ""
    }

    /// Nil for NULL.
    @inline(__always)
    private func cell(_ row: Int, _ column: Int) throws(PostgresError) -> Cell? {
        guard row >= 0, row < rowCount, column >= 0, column < columnCount else { throw missing(row, column) }
        let row = CInt(row)
        let column = CInt(column)
        if PQgetisnull(result, row, column) == 1 { return nil }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        return Cell(type: PQftype(result, column), bytes: bytes)
    }

    private func missing(_ row: Int, _ column: Int) -> PostgresError {
        PostgresError(
            .type,
            "\(target): the answer has \(rowCount) rows of \(columnCount) columns and nothing in row \(row), column "
                + "\(column): check that this is PostgreSQL itself and no look-alike or half-upgraded server")
    }

    private func checked<T>(_ value: T?, _ column: Int, _ cell: Cell, _ wanted: String) throws(PostgresError) -> T {
        if let value { return value }
        throw PostgresError(
            .type,
            "\(target): column \"\(name(of: column))\" (type \(cell.type), \(cell.bytes.count) bytes) is not \(wanted): "
                + "cast it in the statement")
    }
}
