import Crypto
import Foundation
import HTTP
import Postgres
import Testing

@testable import API

extension WithDatabase {
    @Suite struct Login {
        private func login(
            _ body: String, address: String = "10.1.1.1", type: String = "application/json", router: Router? = nil
        ) async throws -> HTTPResponse {
            let fixture = try APIFixture.get()
            let request = try HTTPRequest(
                method: "POST", target: "/api/v1/auth/login", headers: ["Content-Type": type], body: Array(body.utf8),
                remoteAddress: address)
            return await (router ?? fixture.router).answer(request)
        }

        private func credentials(_ name: String, _ password: String) -> String {
            #"{"username":"\#(name)","password":"\#(password)"}"#
        }

        @Test func `The right password gets a token that opens the doors`() async throws {
            let fixture = try APIFixture.get()
            let response = try await login(
                credentials("ulf", APIFixture.password), type: "Application/JSON; charset=utf-8")
            #expect(response.status == 200, "\(response.text)")
            let json = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            #expect(SchemaCheck.faults(json, .named("Session")) == [])
            #expect(json["role"] as? String == "user" && json["expires_in"] as? Int == 600)
            let token = try #require(json["access_token"] as? String)
            let answer = try await fixture.ask(
                "/api/v1/servers", as: nil, headers: ["Authorization": "Bearer \(token)"])
            #expect(answer.status == 200)
            #expect(response.headers["Cache-Control"] == "no-store")
        }

        @Test func `Unknown, wrong and disabled get the same answer`() async throws {
            var answers: Set<String> = []
            for (name, password) in [
                ("nobody", "x"), ("vera", "wrong"), ("gone", APIFixture.password), ("a b", "x"), ("", ""),
                ("vera", String(repeating: "x", count: 100)),
            ] {
                let response = try await login(credentials(name, password), address: "10.2.0.\(name.count)")
                #expect(response.status == 401)
                let json = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
                answers.insert("\(json["type"]!) \(json["title"]!) \(json["detail"]!)")
            }
            #expect(answers.count == 1)
        }

        @Test func `The sixth failure waits, also with the right password`() async throws {
            for _ in 0..<5 {
                #expect(try await login(credentials("vera", "wrong"), address: "10.3.3.3").status == 401)
            }
            let response = try await login(credentials("vera", APIFixture.password), address: "10.3.3.3")
            #expect(response.status == 429)
            let wait = try #require(response.headers["Retry-After"].flatMap { Int($0) })
            #expect((1...300).contains(wait))
            #expect(try await login(credentials("vera", APIFixture.password), address: "10.3.3.4").status == 200)
        }

        @Test func `Success and failure are in the audit log, without a password`() async throws {
            let fixture = try APIFixture.get()
            _ = try await login(credentials("anna", "some-wrong-word"), address: "10.4.4.4")
            _ = try await login(credentials("anna", APIFixture.password), address: "10.4.4.4")
            var connection = try await PostgresConnection.open(fixture.database)
            let rows = try await connection.query(
                "SELECT succeeded, subject, request_id FROM accounts.audit WHERE remote_address = '10.4.4.4' ORDER BY id"
            )
            let count = rows.rowCount
            try #require(count == 2)
            #expect(try rows.bool(0, 0) == false)
            #expect(try rows.bool(1, 0) == true)
            #expect(try rows.text(1, 1) == "anna")
            #expect(try rows.text(1, 2)?.isEmpty == false)
            let all = try await connection.query(
                "SELECT count(*) FROM accounts.audit a WHERE a::text LIKE '%some-wrong-word%'")
            #expect(try all.int(0, 0) == 0)
            connection.close()
        }

        @Test func `The audit log is only ever added to`() async throws {
            var connection = try await PostgresConnection.open(try APIFixture.get().database)
            for sql in [
                "UPDATE accounts.audit SET actor = 'x'", "DELETE FROM accounts.audit", "TRUNCATE accounts.audit",
            ] {
                let error = await #expect(throws: PostgresError.self) { try await connection.execute(sql) }
                #expect(error?.sqlState == "42501")
            }
            connection.close()
        }

        @Test(arguments: [
            "", "x", "[]", "{}", #"{"username":"a"}"#, #"{"username":1,"password":"x"}"#,
            #"{"username":"a","password":null}"#,
            "{\"username\":\"a\",\"password\":\"\u{0}\"",
        ])
        func `A body that is not what it should be is a 400`(body: String) async throws {
            let response = try await login(body, address: "10.5.5.5")
            #expect(response.status == 400, "\(response.text)")
            #expect(response.headers["Content-Type"] == "application/problem+json")
        }

        @Test func `Another type of body is a 415`() async throws {
            for type in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
                #expect(try await login(credentials("a", "b"), type: type).status == 415, "\(type)")
            }
        }

        @Test func `An unknown name costs as much as a wrong password`() async throws {
            // Both hash once: with a hash of cost 10 each takes tens of milliseconds, without it microseconds.
            let fixture = try APIFixture.get()
            let slow = try await PasswordHash.hash("nobody's", cost: 10)
            let router = try APIFixture.makeRouter(fixture.database, hash: slow)
            let began = ContinuousClock.now
            #expect(try await login(credentials("nobody", "x"), router: router).status == 401)
            let unknown = ContinuousClock.now - began
            #expect(unknown > .milliseconds(15))
            await router.context.storage.pool.close()
        }
    }
}
