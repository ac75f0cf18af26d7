import CLibpq
import Runtime
import Synchronization

extension LogKey {
    static let databasePlace: LogKey = "db.place"
    static let databaseState: LogKey = "db.sqlstate"
    static let databaseSeverity: LogKey = "db.severity"
    static let databaseNotice: LogKey = "db.notice"
}

/// Takes the server's notices, which libpq would print to stderr.
///
/// A C callback knows no task-local, so the logger comes through its argument.
final class NoticeSink: Sendable {
    private let target: PostgresTarget
    private let logger: Logger?
    private let received = Mutex(0)

    init(target: PostgresTarget, logger: Logger?) {
        self.target = target
        self.logger = logger
    }

    /// How many came so far.
    var count: Int { received.withLock { $0 } }

    /// Makes libpq call us. The connection keeps this object until after `PQfinish`, so no reference is counted here.
    func attach(to handle: OpaquePointer) {
        PQsetNoticeReceiver(handle, postgresNoticeReceived, Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func receive(_ result: OpaquePointer) {
        received.withLock { $0 += 1 }
        guard let logger else { return }
        func field(_ code: UInt8) -> String { PQresultErrorField(result, CInt(code)).map { String(cString: $0) } ?? "" }
        let severity = field(UInt8(ascii: "V"))
        logger.debug(
            "Notice from the server",
            [
                .databasePlace: .string(target.description), .databaseSeverity: .string(severity),
                .databaseState: .string(field(UInt8(ascii: "C"))),
                .databaseNotice: .string(field(UInt8(ascii: "M"))),
            ])
    }
}

/// libpq has a notice of the server.
@c(pga_postgres_notice_received)
func postgresNoticeReceived(_ argument: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let argument, let result else { return }
    Unmanaged<NoticeSink>.fromOpaque(argument).takeUnretainedValue().receive(result)
}
