extension Route {
    /// Every route there is; nothing else is answered. The documentation's routes are open: they hold no data.
    static let table: [Route] = [
        .login, .health, .status, .collectors, .servers, .server, .metrics, .statements, .families, .findings, .alerts,
        .alertHistory, .openAPI, .swagger, .swaggerScript, .swaggerStyle, .keys,
    ]
}
