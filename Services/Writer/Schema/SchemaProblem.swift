import Postgres

/// Why this writer cannot use the schema that it finds.
struct SchemaProblem: Sendable, Equatable {
    let message: String

    /// Nil when the schema fits.
    init?(_ status: MigrationStatus, place: String) {
        if status.isTooOld {
            message =
                "\(place): the storage schema is at version \(status.current), this writer needs \(status.latest): "
                + "run pganalytics migrate up"
        } else if status.isTooNew {
            message =
                "\(place): the storage schema is at version \(status.current), this writer knows \(status.latest): "
                + "use the newer writer"
        } else {
            return nil
        }
    }

    /// As an error that is waited out: somebody will migrate.
    var error: PostgresError { PostgresError(.migration, message) }
}
