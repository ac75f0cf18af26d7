import Foundation
import HTTP
import Testing

@testable import API

extension WithDatabase {
    @Suite struct Lists {
        /// Every entry's `key`, page by page.
        private func walk(_ path: String, _ key: String, limit: Int) async throws -> (values: [String], pages: Int) {
            let fixture = try APIFixture.get()
            var values: [String] = []
            var cursor: String?
            var pages = 0
            repeat {
                let separator = path.contains("?") ? "&" : "?"
                let json = try await fixture.get(
                    "\(path)\(separator)limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? ""))
                let data = try #require(json["data"] as? [[String: Any]])
                #expect(data.count <= limit)
                #expect(json["data_through"] as? String == fixture.at(60))
                values += data.compactMap { $0[key] as? String }
                cursor = json["next_cursor"] as? String
                pages += 1
            } while cursor != nil && pages < 100
            return (values, pages)
        }

        @Test func `Pages hold everything once, in order`() async throws {
            func f(_ path: String, _ key: String, _ expected: [String]) async throws {
                for limit in [1, 2, 100] {
                    let (values, pages) = try await walk(path, key, limit: limit)
                    #expect(values == expected, "\(path)")
                    #expect(pages == max(1, (expected.count + limit - 1) / limit), "\(path) \(limit)")
                }
            }
            try await f("/api/v1/servers", "id", ["db1", "idle", "team/db 2"])
            try await f("/api/v1/collectors", "id", ["c1", "c2", "c3", "c4", "c5"])
            try await f("/api/v1/findings", "identity", ["f5", "f4", "f3", "f2", "f1"])
            try await f("/api/v1/findings?state=open", "identity", ["f5", "f4", "f3", "f2"])
            try await f("/api/v1/findings?state=resolved", "identity", ["f1"])
            try await f("/api/v1/findings?server=idle", "identity", [])
            try await f("/api/v1/alerts", "fingerprint", ["a2", "a1"])
            try await f("/api/v1/alerts?state=firing", "fingerprint", ["a1"])
            try await f("/api/v1/alerts?state=all", "fingerprint", ["a4", "a3", "a2", "a1"])
            try await f("/api/v1/alerts/history", "identity", ["e7", "e6", "e5", "e4", "e3", "e2", "e1"])
            try await f("/api/v1/alerts/history?fingerprint=nobody", "identity", [])
        }

        @Test func `A server says how it is and how fresh`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get("/api/v1/servers/db1")
            #expect(json["server_version"] as? String == "17.2")
            #expect(json["data_through"] as? String == fixture.at(60))
            let cycle = try #require(json["last_cycle"] as? [String: Any])
            #expect(cycle["up"] as? Bool == true && cycle["time"] as? String == fixture.at(60))
            #expect((json["families"] as? [[String: Any]])?.map { $0["family"] as? String } == ["statements"])
        }

        @Test func `A server's id may hold what a path cannot`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get("/api/v1/servers/team%2Fdb%202")
            #expect(json["id"] as? String == "team/db 2")
            #expect(json["last_cycle"] is NSNull)
            #expect(try await fixture.ask("/api/v1/servers/team/db%202").status == 404)
        }

        @Test func `A server that is not there is a 404 on each of its paths`() async throws {
            let fixture = try APIFixture.get()
            for rest in ["", "/statements", "/metrics?family=cycle&metric=up"] {
                let response = try await fixture.ask("/api/v1/servers/nobody" + rest)
                #expect(response.status == 404)
                #expect(response.headers["Content-Type"] == "application/problem+json")
            }
        }

        @Test func `A foreign or broken cursor is a 400`() async throws {
            let fixture = try APIFixture.get()
            for cursor in [
                "x", "c2VydmVycw", Cursor(["5", "a"]).text(kind: "findings"), Cursor(["x", "a"]).text(kind: "alerts"),
            ] {
                #expect(try await fixture.ask("/api/v1/alerts?cursor=\(cursor)").status == 400)
            }
        }

        @Test func `A cursor made by hand is a 400 and never reaches the database`() async throws {
            let fixture = try APIFixture.get()
            func f(_ path: String, _ fields: [String], _ kind: String, _ status: Int) async throws {
                let response = try await fixture.ask("/api/v1/\(path)?cursor=" + Cursor(fields).text(kind: kind))
                #expect(response.status == status, "\(path) \(fields): \(response.text)")
            }
            for (path, kind) in [("servers", "servers"), ("collectors", "collectors")] {
                try await f(path, ["a"], kind, 200)
                try await f(path, ["a\0"], kind, 400)
            }
            for (path, kind) in [
                ("alerts", "alerts"), ("alerts/history", "alert-events"), ("findings", "findings"),
            ] {
                try await f(path, ["5", "a"], kind, 200)
                try await f(path, ["5", "a\0"], kind, 400)
                for time in ["-1", "-9000000000000000000", "9000000000000000000", "\(Int64.min)", "\(Int64.max)"] {
                    try await f(path, [time, "a"], kind, 400)
                }
            }
        }

        @Test func `The status counts what there is`() async throws {
            let json = try await APIFixture.get().get("/api/v1/status")
            let counts = try #require(json["counts"] as? [String: Any])
            #expect(counts["servers"] as? Int == 3)
            #expect(counts["open_findings"] as? Int == 4)
            #expect(counts["firing_alerts"] as? Int == 1)
            #expect(counts["gaps"] as? Int == 3)
            #expect((json["ingest"] as? [[String: Any]])?.first?["next_offset"] as? Int == 77)
            #expect((json["stalest"] as? [[String: Any]])?.first?["server"] as? String == "team/db 2")
        }

        @Test func `Health is open and says ok`() async throws {
            let response = try await APIFixture.get().ask("/api/v1/health", as: nil)
            #expect(response.status == 200)
            #expect(response.text.contains(#""database":"ok""#))
        }
    }
}
