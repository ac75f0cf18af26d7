import Foundation
import HTTP
import Postgres
import Support
import Testing

@testable import API

extension WithDatabase {
    @Suite struct Problems {
        private func expectProblem(
            _ response: HTTPResponse, _ status: Int, location: SourceLocation = #_sourceLocation
        ) throws {
            #expect(response.status == status, "\(response.text)", sourceLocation: location)
            #expect(response.headers["Content-Type"] == "application/problem+json", sourceLocation: location)
            let json = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            #expect(SchemaCheck.faults(json, .named("Problem")) == [], sourceLocation: location)
            #expect(json["status"] as? Int == status, sourceLocation: location)
            #expect(json["request_id"] as? String == response.headers["X-Request-Id"], sourceLocation: location)
            let text = response.text.lowercased()
            for word in ["select", "from api", "swift", "postgres:", "sqlstate", "/work"] {
                #expect(!text.contains(word), "\(word)", sourceLocation: location)
            }
        }

        @Test func `Each way to be wrong has its status and its problem`() async throws {
            let fixture = try APIFixture.get()
            for (method, target, status) in [
                ("GET", "/", 404), ("GET", "/api/v1", 404), ("GET", "/api/v1/servers/", 404),
                ("GET", "/api/v2/servers", 404),
                ("GET", "/api/v1/servers?limit=x", 400), ("GET", "/api/v1/servers?nothing=1", 400),
                ("POST", "/api/v1/servers", 405), ("DELETE", "/api/v1/servers/db1", 405),
                ("GET", "/api/v1/auth/login", 405),
                ("OPTIONS", "/api/v1/servers", 405), ("BREW", "/api/v1/servers", 405), ("GET", "//api/v1/servers", 404),
            ] {
                try expectProblem(try await fixture.ask(target, method: method), status)
            }
            try expectProblem(try await fixture.ask("/api/v1/servers", body: "x"), 400)
        }

        @Test func `A wrong method is told the right ones`() async throws {
            let fixture = try APIFixture.get()
            #expect(try await fixture.ask("/api/v1/servers", method: "PUT").headers["Allow"] == "GET, HEAD")
            #expect(try await fixture.ask("/api/v1/auth/login", method: "PUT").headers["Allow"] == "POST")
        }

        @Test func `Every answer carries the fields that keep browsers in check`() async throws {
            let fixture = try APIFixture.get()
            for target in ["/api/v1/servers", "/api/v1/health", "/nothing", "/swagger", "/swagger/page.js"] {
                let headers = try await fixture.ask(target).headers
                #expect(headers["X-Content-Type-Options"] == "nosniff")
                #expect(headers["X-Frame-Options"] == "DENY")
                #expect(headers["Referrer-Policy"] == "no-referrer")
                let policy = try #require(headers["Content-Security-Policy"])
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
                #expect(headers["Cache-Control"] != nil)
            }
        }

        @Test func `A request's own id is kept when it is one`() async throws {
            let fixture = try APIFixture.get()
            let kept = try await fixture.ask("/api/v1/health", as: nil, headers: ["X-Request-Id": "abc-1.2_3"])
            #expect(kept.headers["X-Request-Id"] == "abc-1.2_3")
            for wrong in ["", "a b", "<x>", String(repeating: "a", count: 65)] {
                let made = try await fixture.ask("/api/v1/health", as: nil, headers: ["X-Request-Id": wrong])
                #expect(made.headers["X-Request-Id"]?.count == 16)
            }
        }

        @Test func `SQL in a parameter is a value like any other`() async throws {
            let fixture = try APIFixture.get()
            let evil = "x'%3BDROP%20TABLE%20metrics.instances%3B--"
            #expect(try await fixture.ask("/api/v1/servers/\(evil)").status == 404)
            #expect(try await fixture.ask("/api/v1/findings?server=\(evil)").status == 200)
            #expect(
                try await fixture.ask(
                    "/api/v1/servers/db1/metrics?family=statements&metric=calls&label=database=\(evil)"
                ).status
                    == 200)
            #expect(try await fixture.ask("/api/v1/servers/db1").status == 200)
        }

        @Test func `A sum beyond 64 bits is the range's doing, and says so`() {
            let error = PostgresError(.query, "bigint out of range", sqlState: "22003")
            let problem = Storage.Failure(error: error, isConnecting: false).problem
            #expect(problem.status == 400 && problem.place == "query from")
        }

        @Test func `A view that is missing is a 503 that says what to run`() async throws {
            let fixture = try APIFixture.get()
            let server = try #require(TestServer.current)
            var connection = try await PostgresConnection.open(fixture.database)
            try await connection.execute("CREATE DATABASE bare")
            connection.close()
            let router = try APIFixture.makeRouter(server.settings(database: "bare"), hash: "")
            let request = try HTTPRequest(
                method: "POST", target: "/api/v1/auth/login", headers: ["Content-Type": "application/json"],
                body: Array(#"{"username":"a","password":"b"}"#.utf8))
            let response = await router.answer(request)
            try expectProblem(response, 503)
            #expect(response.text.contains("migrate up"))
            #expect(response.headers["Retry-After"] != nil)
            await router.context.storage.pool.close()
        }
    }
}
