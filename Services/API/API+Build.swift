import Crypto
import HTTP
import Postgres
import Runtime

extension API {
    /// The router over a real database; tests call it with a clock of theirs.
    static func makeRouter(
        _ settings: APISettings, logger: Logger, metrics: MetricRegistry,
        clock: @escaping @Sendable () -> Int64 = WallClock.microseconds
    ) async throws -> Router {
        let storage = Storage(
            settings.database, connections: settings.databaseConnections, timeout: settings.queryTimeout, logger: logger
        )
        let authority = TokenAuthority(
            keys: [try settings.loadKey(logger)], issuer: "pganalytics", audience: "pganalytics-api")
        let context = APIContext(
            storage: storage, authority: authority, tokenLifetime: settings.tokenLifetime, limiter: settings.limiter,
            nobodysHash: try await PasswordHash.hash(Random.password()), logger: logger, metrics: metrics, clock: clock)
        return Router(routes: Route.table, context: context)
    }

    /// The server in front of a router.
    static func makeServer(
        _ settings: APISettings, _ router: Router, logger: Logger, metrics: MetricRegistry
    ) throws -> HTTPServer {
        var server = HTTPServerSettings(address: settings.address, port: settings.port)
        server.connections = settings.connections
        server.connectionsPerAddress = settings.connectionsPerAddress
        server.headerBytes = 16 * 1024
        server.bodyBytes = 64 * 1024
        // Beyond the database's own limit, so that its refusal can still be told.
        server.answerDeadline = settings.queryTimeout + .seconds(10)
        server.refusal = { status, detail in
            let problem: Problem =
                switch status {
                case 413: .tooLarge("It is too large: \(detail).")
                case 503: .unavailable("It was not answered: \(detail).")
                default: .malformed("It was refused: \(detail).")
                }
            let requestID = Random.hex(8)
            var response = problem.response(path: "", requestID: requestID)
            Router.addSecurityHeaders(&response, requestID)
            return response
        }
        return try HTTPServer(server, logger: logger, metrics: metrics) { request in await router.answer(request) }
    }

    /// Answers what is in flight, and only then takes the database away.
    static func stop(_ server: HTTPServer, _ router: Router) async {
        await server.stop(within: .seconds(10))
        await router.context.storage.pool.close()
    }

    /// Runs until asked to stop.
    static func run(_ arguments: ServiceArguments) async throws -> CInt {
        let logger = arguments.logger
        let settings = try APISettings(arguments.settings)
        let metrics = MetricRegistry()
        let shutdown = Shutdown.onSignals()
        let router = try await makeRouter(settings, logger: logger, metrics: metrics)
        let readiness = Readiness()
        let health = try HealthListener(
            address: settings.healthAddress, port: settings.healthPort, metrics: metrics, logger: logger,
            ready: { readiness.reason })
        defer { health.stop() }
        let server = try makeServer(settings, router, logger: logger, metrics: metrics)
        logger.info("Listening", [.apiAddress: .string(settings.address), .apiPort: LogValue(server.port)])
        return await runServices(
            [
                (name: "readiness", run: { await readiness.watch(router.context.storage, logger, until: $0) }),
                (
                    name: "server",
                    run: { asked in
                        await asked.wait()
                        await stop(server, router)
                    }
                ),
            ], shutdown: shutdown, grace: .seconds(20), logger: logger)
    }
}
