import CLibpq
public import Runtime

extension PostgresConnection {
    /// Connects: every host in turn, every address of its name in turn, within `timeout` in all.
    ///
    /// libpq's own loop over hosts and its `connect_timeout` do not work in its asynchronous interface, and it resolves
    /// names while blocking; so the loop, the deadline and the lookup are here.
    public static func open(
        _ settings: PostgresSettings, timeout: Duration = .seconds(10), logger: Logger? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        var attempts = ConnectAttempts(limit: .max)
        return try await open(settings, timeout: timeout, attempts: &attempts, logger: logger)
    }

    /// Connects with no more attempts than are allowed, and says how many were given up without an answer, also when a later
    /// one succeeds.
    public static func open(
        _ settings: PostgresSettings, timeout: Duration, attempts: inout ConnectAttempts, logger: Logger? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        let deadline = ContinuousClock.now + timeout
        var failure = PostgresError(.settings, "no host was given for the database")
        for (index, host) in settings.hosts.enumerated() {
            let target = settings.target(host)
            let addresses: [String?]
            do throws(PostgresError) {
                addresses = attempts.ordered(try await Self.addresses(of: host, target: target, until: deadline))
            } catch {
                failure = error
                continue
            }
            for (number, address) in addresses.enumerated() {
                // What is left is shared by what is left to try, so that one dead address does not use it all.
                let places = (addresses.count - number) + (settings.hosts.count - index - 1)
                let now = ContinuousClock.now
                guard now < deadline, attempts.isAnyLeft else { throw failure }
                let share = (deadline - now) / min(places, attempts.limit - attempts.abandoned)
                do throws(PostgresError) {
                    return try await attempt(
                        settings, host, address: address, target: target, until: now + share, logger: logger)
                } catch {
                    failure = error
                    if error.code == .timeout { attempts.abandon() }
                    // A refused password is refused everywhere; trying on would only lock the account.
                    if error.code == .authentication || error.code == .cancelled { throw error }
                }
            }
        }
        throw failure
    }

    private static func addresses(
        of host: PostgresSettings.Host, target: PostgresTarget, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [String?] {
        if host.name.utf8.first == UInt8(ascii: "/") { return [nil] }
        return try await NameResolver.shared.addresses(of: host.name, until: deadline, target: target)
    }

    private static func attempt(
        _ settings: PostgresSettings, _ host: PostgresSettings.Host, address: String?, target: PostgresTarget,
        until deadline: ContinuousClock.Instant, logger: Logger?
    ) async throws(PostgresError) -> PostgresConnection {
        var connection = try start(settings, host, address: address, target: target, logger: logger)
        // The first wait is for writing, before PQconnectPoll was called at all.
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            switch status {
            case PGRES_POLLING_READING: try await connection.wait(for: .read, until: deadline, doing: "connecting")
            case PGRES_POLLING_WRITING: try await connection.wait(for: .write, until: deadline, doing: "connecting")
            default: throw connection.connectFailure()
            }
            status = PQconnectPoll(try connection.usableHandle())
        }
        let handle = try connection.usableHandle()
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        // From here on no call of libpq may block: neither COPY data nor the goodbye of PQfinish.
        guard PQsetnonblocking(handle, 1) == 0 else { throw connection.lost() }
        return connection
    }

    private static func start(
        _ settings: PostgresSettings, _ host: PostgresSettings.Host, address: String?, target: PostgresTarget,
        logger: Logger?
    ) throws(PostgresError) -> PostgresConnection {
        var keywords = settings.parameters
        keywords["host"] = host.name
        keywords["hostaddr"] = address
        keywords["port"] = String(host.port)
        keywords["user"] = settings.user
        keywords["password"] = settings.password
        keywords["dbname"] = settings.database
        keywords["client_encoding"] = "UTF8"
        if !settings.applicationName.isEmpty { keywords["application_name"] = settings.applicationName }
        if let mode = settings.sslMode { keywords["sslmode"] = mode }
        // GSSAPI negotiation costs some 100 ms a connection, also where nobody uses it.
        keywords["gssencmode"] = "disable"
        // A peer that dies silently: the kernel gives up after seconds instead of a quarter of an hour.
        for (name, value) in [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "20000"),
        ] where keywords[name] == nil { keywords[name] = value }
        if !settings.options.isEmpty {
            let ours = settings.options.sorted { $0.key < $1.key }.map { "-c \(escaped("\($0.key)=\($0.value)"))" }
            keywords["options"] = ([keywords["options"]].compactMap { $0 } + ours).joined(separator: " ")
        }
        let handle = withCStrings(keywords.map { ($0.key, $0.value) }) { PQconnectStartParams($0, $1, 0) }
        guard let handle else { throw PostgresError(.connection, "\(target): out of memory while connecting") }
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        let notices = NoticeSink(target: target, logger: logger)
        notices.attach(to: handle)
        var connection = PostgresConnection(handle: handle, target: target, notices: notices)
        if PQstatus(handle) == CONNECTION_BAD { throw connection.connectFailure() }
        return connection
    }

    private mutating func connectFailure() -> PostgresError {
        let error = PostgresError.connecting(
            to: target, libpqMessage: handle.map { String(cString: PQerrorMessage($0)) } ?? "",
            needsPassword: handle.map { PQconnectionNeedsPassword($0) == 1 } ?? false)
        drop()
        return error
    }

    /// Blanks and backslashes inside one word of `options`.
    private static func escaped(_ word: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in word.unicodeScalars {
            if scalar == " " || scalar == "\\" { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }

    /// Two parallel, null-terminated arrays of C strings.
    private static func withCStrings<R>(
        _ pairs: [(String, String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        var bytes: [CChar] = []
        var offsets: [(Int, Int)] = []
        for (name, value) in pairs {
            let first = bytes.count
            bytes.append(contentsOf: name.utf8CString)
            offsets.append((first, bytes.count))
            bytes.append(contentsOf: value.utf8CString)
        }
        return bytes.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress
            let names: [UnsafePointer<CChar>?] = offsets.map { offset in base.map { $0 + offset.0 } } + [nil]
            let values: [UnsafePointer<CChar>?] = offsets.map { offset in base.map { $0 + offset.1 } } + [nil]
            return body(names, values)
        }
    }
}
