import CLibpq

extension PostgresError {
    /// What a failed connection attempt means. libpq has no result to ask for fields at that point, only a text; with
    /// verbose messages the text holds the SQLSTATE, which does not depend on the server's language.
    static func connecting(to target: PostgresTarget, libpqMessage: String, needsPassword: Bool) -> PostgresError {
        let lines = libpqMessage.split(separator: "\n").map(String.init)
        let (state, primary) = sqlStateAndText(lines) ?? (nil, lines.first ?? "no message")
        if needsPassword && state == nil {
            return PostgresError(
                .authentication, "\(target): the server asks for a password and none was given: set one")
        }
        guard let state else {
            let tls = primary.contains("SSL") || primary.contains("certificate")
            let remedy =
                tls
                ? "check sslmode, sslrootcert and the server's certificate"
                : "check that PostgreSQL runs there, listens on this address and port, and that no firewall is between"
            return PostgresError(.connection, "\(target): cannot connect (\(shortened(primary))): \(remedy)")
        }
        let code: Code = state.hasPrefix("28") ? .authentication : .connection
        let remedy = connectRemedy(state: state, target: target)
        return PostgresError(
            code, "\(target): cannot connect: \(primary) (SQLSTATE \(state))\(remedy.map { ": \($0)" } ?? "")",
            sqlState: state)
    }

    /// What the server said about a statement.
    static func refused(by target: PostgresTarget, result: OpaquePointer) -> PostgresError {
        let state = field(result, CInt(UInt8(ascii: "C")))
        let primary =
            field(result, CInt(UInt8(ascii: "M")))
            ?? String(cString: PQresultErrorMessage(result)).split(separator: "\n").first.map(String.init)
            ?? "no message"
        let detail = field(result, CInt(UInt8(ascii: "D")))
        let hint = field(result, CInt(UInt8(ascii: "H")))
        // A backend that is ended takes its connection with it: to the caller that is the server going away.
        let code: Code = state == nil || state?.hasPrefix("57P") == true ? .connection : .query
        var message = "\(target): \(primary)"
        if let state { message += " (SQLSTATE \(state))" }
        if let remedy = statementRemedy(state: state, target: target) ?? hint { message += ": \(remedy)" }
        return PostgresError(code, oneLine(message), sqlState: state, detail: detail, hint: hint)
    }

    private static func connectRemedy(state: String, target: PostgresTarget) -> String? {
        switch state {
        case "28P01": "wrong password for \"\(target.user)\", or the role does not exist: set the right one"
        case "28000": "add a line for this user, database and client address to pg_hba.conf, or create the role"
        case "3D000": "create the database \"\(target.database)\", or correct its name"
        case "42501": "GRANT CONNECT ON DATABASE \"\(target.database)\" TO \"\(target.user)\""
        case "53300": "all connections are taken: raise max_connections or the role's CONNECTION LIMIT"
        case "57P03": "the server is starting or stopping; try again"
        default: nil
        }
    }

    private static func statementRemedy(state: String?, target: PostgresTarget) -> String? {
        switch state {
        case "42501": "grant \"\(target.user)\" what the statement needs"
        case "53100": "the server's disk is full: free space there"
        case "53200": "the server is out of memory"
        case "57014": "the statement was cancelled, or statement_timeout passed"
        case "55P03": "another session holds the lock"
        case "25006": "the server is read-only, perhaps a standby: use the primary"
        default: nil
        }
    }

    /// Finds `SEVERITY:  28P01: text` among libpq's lines, whatever language the severity is in.
    private static func sqlStateAndText(_ lines: [String]) -> (String, String)? {
        for line in lines {
            let bytes = Array(line.utf8)
            guard bytes.count > 9 else { continue }
            for start in 0..<(bytes.count - 9) {
                guard bytes[start] == UInt8(ascii: ":"), bytes[start + 1] == UInt8(ascii: " "),
                    bytes[start + 2] == UInt8(ascii: " "), bytes[start + 8] == UInt8(ascii: ":")
                else { continue }
                let state = bytes[(start + 3)..<(start + 8)]
                guard state.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }) else { continue }
                let text = String(decoding: bytes[(start + 9)...], as: UTF8.self)
                return (String(decoding: state, as: UTF8.self), String(text.drop { $0 == " " }))
            }
        }
        return nil
    }

    /// libpq repeats the address that the target already names; what counts comes after "failed: ".
    private static func shortened(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let marker = Array("failed: ".utf8)
        guard bytes.count > marker.count else { return text }
        for start in 0..<(bytes.count - marker.count)
        where Array(bytes[start..<(start + marker.count)]) == marker {
            return String(decoding: bytes[(start + marker.count)...], as: UTF8.self)
        }
        return text
    }

    private static func field(_ result: OpaquePointer, _ code: CInt) -> String? {
        guard let text = PQresultErrorField(result, code) else { return nil }
        return String(cString: text)
    }

    /// Errors are one line wherever they are shown.
    static func oneLine(_ text: String) -> String {
        text.contains("\n") ? text.split(separator: "\n").joined(separator: " ") : text
    }
}
