import Codec

/// A metric family as one migration made it. The catalogue goes on changing; a migration never does.
struct FrozenFamily: Sendable {
    /// A column of it.
    struct Column: Sendable, Equatable {
        let name: String
        let type: ValueType
        /// Whether a zero says that nothing changed, and the view shows none.
        var isOnChange = false

        /// The column's type in PostgreSQL.
        var sqlType: String {
            switch type {
            case .text: "text"
            case .integer: "bigint"
            case .double: "double precision"
            }
        }
    }

    let name: String
    let columns: [Column]

    /// From `name:t name:i name:d name:c` for texts, integers, doubles, and integers that are zero while they do not
    /// change, separated by blanks and line ends.
    init(_ name: String, _ columns: String) {
        self.name = name
        self.columns = columns.split { $0 == " " || $0 == "\n" }.map { word in
            let parts = word.split(separator: ":")
            precondition(parts.count == 2, "A frozen column is written name:type.")
            switch parts[1] {
            case "t": return Column(name: String(parts[0]), type: .text)
            case "i": return Column(name: String(parts[0]), type: .integer)
            case "c": return Column(name: String(parts[0]), type: .integer, isOnChange: true)
            case "d": return Column(name: String(parts[0]), type: .double)
            default: preconditionFailure("A frozen column is of type t, i, c or d.")
            }
        }
    }

    /// The columns of its view, each with a comma before it.
    var viewColumns: String {
        columns.map { column in
            let cell = "t.\"\(column.name)\""
            return column.isOnChange ? ", nullif(\(cell), 0) AS \"\(column.name)\"" : ", \(cell)"
        }.joined()
    }
}
