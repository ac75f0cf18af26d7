import Crypto
import Foundation
import HTTP
import Postgres
import Runtime
import Testing

@testable import API

/// The routes that hold no data of anybody's.
private let openPaths: Set = [
    "/api/v1/auth/login", "/api/v1/auth/keys", "/api/v1/health", "/api/v1/openapi.json", "/swagger", "/swagger/page.js",
    "/swagger/page.css",
]

@Suite struct RouteTableTests {
    @Test func `Nothing is open that was not meant to be`() {
        let open = Route.table.filter { $0.access == .open }.map(\.pattern)
        #expect(Set(open) == openPaths)
    }

    @Test func `Every operation is there once`() {
        let operations = Route.table.map(\.operation)
        #expect(Set(operations).count == operations.count)
        let places = Route.table.map { "\($0.method) \($0.pattern)" }
        #expect(Set(places).count == places.count)
    }

    @Test func `No two routes answer the same path`() throws {
        for route in Route.table {
            let path = route.segments.map { segment -> String in
                if case .fixed(let text) = segment { text } else { "x" }
            }
            let matches = Route.table.filter { $0.method == route.method && $0.match(path) != nil }
            #expect(matches.count == 1, "\(route.pattern)")
        }
    }

    @Test func `A role may do what those below it may`() {
        #expect(Role.admin > Role.user && Role.user > Role.viewer)
    }
}

extension WithDatabase {
    @Suite struct Access {
        /// A path that the route answers with 200.
        private func target(_ route: Route) -> String {
            let path = route.pattern.replacing("{id}", with: "db1")
            return route.operation == "getMetrics" ? path + "?family=cycle&metric=up" : path
        }

        @Test func `Every route lets in who may and nobody else`() async throws {
            let fixture = try APIFixture.get()
            for route in Route.table where route.method == "GET" {
                for user in [nil, "vera", "ulf", "anna", "gone"] {
                    let status = try await fixture.ask(target(route), as: user).status
                    guard case .role(let needed) = route.access else {
                        #expect(status == 200, "\(route.pattern) as \(user ?? "nobody")")
                        continue
                    }
                    let role: Role? = ["vera": .viewer, "ulf": .user, "anna": .admin][user ?? ""]
                    let expected = role.map { $0 >= needed ? 200 : 403 } ?? 401
                    #expect(status == expected, "\(route.pattern) as \(user ?? "nobody")")
                }
            }
        }

        @Test func `A route for administrators refuses everybody else with 403`() async throws {
            let fixture = try APIFixture.get()
            let handler: @Sendable (Call) async throws -> HTTPResponse = { _ in .text(200, "done") }
            for (needed, allowed) in [(Role.admin, 1), (.user, 2), (.viewer, 3)] {
                let route = Route(
                    method: "POST", pattern: "/x", access: .role(needed), operation: "x", tag: "x", summary: "x",
                    answer: .content("text/plain"), handler: handler)
                let router = Router(routes: [route], context: fixture.router.context)
                var statuses: [Int] = []
                for user in ["anna", "ulf", "vera"] {
                    let request = try HTTPRequest(
                        method: "POST", target: "/x",
                        headers: ["Authorization": "Bearer " + (try await fixture.token(user))])
                    statuses.append(await router.answer(request).status)
                }
                #expect(statuses == (0..<3).map { $0 < allowed ? 200 : 403 })
            }
        }

        @Test func `What is no token of ours is a 401 with a challenge`() async throws {
            let fixture = try APIFixture.get()
            let token = try await fixture.token("vera")
            let foreign = try TokenAuthority(
                keys: [try SigningKey.generate()], issuer: "pganalytics", audience: "pganalytics-api"
            ).issue(subject: "anna", lifetime: .seconds(60), extra: ["ver": "1"]).token
            let expired = try fixture.router.context.authority.issue(
                subject: "anna", lifetime: .seconds(60), extra: ["ver": "1"], now: 1_000_000_000
            ).token
            let nobody = try fixture.router.context.authority.issue(
                subject: "nobody", lifetime: .seconds(60), extra: ["ver": "1"]
            ).token
            for field in [
                "", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", token, "Bearer \(token)x", "Bearer \(token) x",
                "Bearer \(foreign)", "Bearer \(expired)", "Bearer \(nobody)",
            ] {
                let response = try await fixture.ask("/api/v1/servers", as: nil, headers: ["Authorization": field])
                #expect(response.status == 401, "\(field)")
                #expect(response.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
            }
            #expect(
                try await fixture.ask("/api/v1/servers", as: nil, headers: ["authorization": "bearer \(token)"]).status
                    == 200)
        }

        @Test func `A new password or a disabling ends the tokens of before`() async throws {
            let fixture = try APIFixture.get()
            var connection = try await PostgresConnection.open(fixture.database)
            let hash = try await PasswordHash.hash("x", cost: 4)
            try await Accounts.add("temporary", role: .viewer, hash: hash, by: "test", &connection)
            fixture.router.context.directory.forget()
            let token = try await fixture.token("temporary")
            func status() async throws -> Int {
                fixture.router.context.directory.forget()
                return try await fixture.ask("/api/v1/servers", as: nil, headers: ["Authorization": "Bearer \(token)"])
                    .status
            }
            #expect(try await status() == 200)
            try await Accounts.setPassword("temporary", hash: hash, by: "test", &connection)
            #expect(try await status() == 401)
            try await Accounts.setDisabled("temporary", true, by: "test", &connection)
            try await Accounts.setDisabled("temporary", false, by: "test", &connection)
            #expect(try await status() == 401)
            connection.close()
        }
    }
}
