import CLibpq
import Glibc

extension PostgresSettings {
    /// Reads a connection URL (`postgresql://user:password@host:port,host2:port/database?sslmode=…`) or a
    /// `key=value` string, as libpq does.
    ///
    /// - Throws: `.settings`; the message never holds what may be a part of the password.
    public init(url: String) throws(PostgresError) {
        var problem: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &problem) else {
            let text = problem.map { String(cString: $0) } ?? "no memory"
            PQfreemem(problem)
            throw PostgresError(
                .settings,
                "the database URL cannot be read (\(Self.withoutQuotes(text))): "
                    + "expected postgresql://user:password@host:port/database")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        try self.init(keywords: values)
    }

    private init(keywords: [String: String]) throws(PostgresError) {
        var values = keywords
        let names = Self.list(values.removeValue(forKey: "host") ?? "127.0.0.1")
        let ports = Self.list(values.removeValue(forKey: "port") ?? "5432")
        guard ports.count == 1 || ports.count == names.count else {
            throw PostgresError(
                .settings,
                "the database URL names \(names.count) hosts and \(ports.count) ports: give one port or as many")
        }
        var hosts: [Host] = []
        for (index, name) in names.enumerated() {
            let text = ports.count == 1 ? ports[0] : ports[index]
            guard let port = Int(text.isEmpty ? "5432" : text), (1...65535).contains(port) else {
                throw PostgresError(.settings, "the database URL's port \"\(text)\" is not a number from 1 to 65535")
            }
            hosts.append(Host(name: name.isEmpty ? "127.0.0.1" : name, port: port))
        }
        let user = values.removeValue(forKey: "user") ?? Self.systemUser()
        self.init(
            host: "", user: user, password: values.removeValue(forKey: "password"),
            database: values.removeValue(forKey: "dbname") ?? user,
            applicationName: values.removeValue(forKey: "application_name") ?? "",
            sslMode: values.removeValue(forKey: "sslmode"))
        self.hosts = hosts
        // Ours in any case: see PostgresConnection+Connect.
        for ours in ["connect_timeout", "client_encoding", "gssencmode", "hostaddr"] { values[ours] = nil }
        parameters = values
    }

    /// Commas separate hosts and ports.
    private static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func systemUser() -> String {
        guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "postgres" }
        return String(cString: name)
    }

    /// libpq quotes the piece of the URL that it stumbled over, which can be the password.
    private static func withoutQuotes(_ text: String) -> String {
        var result = ""
        var quoted = false
        for character in text where character != "\n" {
            if character == "\"" {
                quoted.toggle()
                if quoted { result += "\"…\"" }
            } else if !quoted {
                result.append(character)
            }
        }
        return result
    }
}
