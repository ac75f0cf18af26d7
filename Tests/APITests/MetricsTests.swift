import Foundation
import HTTP
import Testing

@testable import API

extension WithDatabase {
    @Suite struct Metrics {
        /// The values of the series whose label has that value, nil where there is null.
        private func values(_ json: [String: Any], _ label: String, _ value: String) throws -> [Int64?] {
            let series = try #require(json["series"] as? [[String: Any]])
            let found = try #require(
                series.first { "\(($0["labels"] as? [String: Any])?[label] ?? "")" == value },
                "no series with \(label) \(value)")
            return try #require(found["values"] as? [Any]).map { ($0 as? NSNumber)?.int64Value }
        }

        private func path(_ metric: String, _ rest: String, _ fixture: APIFixture) -> String {
            "/api/v1/servers/db1/metrics?family=statements&metric=\(metric)&from=\(fixture.at(0))&to=\(fixture.at(60))\(rest)"
        }

        @Test func `A lost table is null, an unmoved counter zero, a first reading null`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(path("calls", "&step=10s", fixture))
            let times = try #require(json["times"] as? [NSNumber]).map(\.int64Value)
            #expect(times == (1...6).map { fixture.base / 1_000_000 + $0 * 10 })
            #expect(try values(json, "queryid", "9223372036854775807") == [0, 3, nil, 0, 0, 0])
            let series = try #require(json["series"] as? [[String: Any]])
            let mine = try #require(
                series.first {
                    ($0["labels"] as? [String: Any])?["username"] as? String == "u1"
                        && ($0["labels"] as? [String: Any])?["database"] as? String == "app"
                        && ($0["labels"] as? [String: Any])?["queryid"] as? Int == 111
                })
            #expect(
                try #require(mine["values"] as? [Any]).map { ($0 as? NSNumber)?.int64Value } == [
                    nil, 10, nil, 10, 10, 10,
                ])
            #expect(json["data_through"] as? String == fixture.at(60))
            #expect((json["gaps"] as? [[String: Any]])?.count == 1)
        }

        @Test func `A cycle in which nothing moved is zero at the server's time, one whose rows were lost is null`()
            async throws
        {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(
                "/api/v1/servers/db1/metrics?family=statements&metric=calls&step=10s"
                    + "&from=\(fixture.at(-120))&to=\(fixture.at(-60))")
            #expect(try values(json, "queryid", "111") == [4, 0, nil, nil, nil, nil])
        }

        @Test func `A gap is listed for the ranges that it can concern`() async throws {
            let fixture = try APIFixture.get()
            func f(_ from: Int64, _ to: Int64, _ expected: [Int]) async throws {
                let json = try await fixture.get(
                    "/api/v1/servers/db1/metrics?family=statements&metric=calls&step=10s"
                        + "&from=\(fixture.at(from))&to=\(fixture.at(to))")
                let gaps = try #require(json["gaps"] as? [[String: Any]])
                #expect(gaps.map { $0["first_missing"] as? Int } == expected, "\(from) to \(to)")
            }
            // The one numbered 10 has no times: it concerns whatever was before it was noted.
            try await f(-700, -600, [10])
            try await f(-450, -410, [10, 1])
            try await f(-400, -350, [10])
            try await f(-310, -290, [10])
            try await f(-300, 10, [])
            try await f(30, 60, [31])
            try await f(40, 60, [])
        }

        @Test func `Steps add up, and the last may be shorter`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(
                path("calls", "&step=25s&label=username=u1&label=database=app&label=queryid=111", fixture))
            #expect(try values(json, "queryid", "111") == [10, 20, 10])
            let times = try #require(json["times"] as? [NSNumber]).map(\.int64Value)
            #expect(times.last == fixture.base / 1_000_000 + 60)
            #expect(json["series_total"] as? Int == 1)
        }

        @Test func `The begin of a range is outside, its end inside`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(
                "/api/v1/servers/db1/metrics?family=connections&metric=total&from=\(fixture.at(10))&to=\(fixture.at(40))"
            )
            #expect(
                try #require(json["times"] as? [NSNumber]).map { $0.int64Value - fixture.base / 1_000_000 } == [20, 40])
            #expect(try #require((json["series"] as? [[String: Any]])?.first?["values"] as? [Int]) == [2, 4])
        }

        @Test func `A gauge's thing that is gone is null`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(
                "/api/v1/servers/db1/metrics?family=activity&metric=count&from=\(fixture.at(0))&to=\(fixture.at(60))&step=20s"
            )
            #expect(try values(json, "state", "active") == [5, nil, nil])
            #expect(try values(json, "state", "idle") == [nil, 2, nil])
        }

        @Test func `Integers keep all their digits`() async throws {
            let fixture = try APIFixture.get()
            let response = try await fixture.ask(path("rows", "&step=1m", fixture))
            #expect(response.text.contains("9007199254740993"))
            #expect(response.text.contains(#""queryid":9223372036854775807"#))
        }

        @Test func `A range without anything is empty, not an error`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(
                "/api/v1/servers/idle/metrics?family=statements&metric=calls&from=\(fixture.at(0))&to=\(fixture.at(60))&step=10s"
            )
            #expect((json["series"] as? [Any])?.isEmpty == true)
            #expect(json["data_through"] is NSNull)
        }

        @Test func `The largest series come first and the rest is counted`() async throws {
            let fixture = try APIFixture.get()
            let json = try await fixture.get(path("calls", "&step=1m&limit=1", fixture))
            #expect((json["series"] as? [Any])?.count == 1)
            #expect(json["series_total"] as? Int == 5)
            #expect(try values(json, "queryid", "-7") == [99])
        }

        @Test(arguments: [
            ("family=nothing&metric=calls", "query family"), ("family=statements&metric=nothing", "query metric"),
            ("family=statements", "query metric"), ("metric=calls", "query family"),
            ("family=statements&metric=calls&step=1ms", "query step"),
            ("family=statements&metric=calls&label=nothing=1", "query label"),
            ("family=statements&metric=calls&label=queryid=x", "query label"),
            ("family=statements&metric=database", "query metric"),
            ("family=statements&metric=calls&from=2026-11-21", "query from"),
        ])
        func `What cannot be answered is a 400 that says where`(query: String, place: String) async throws {
            let response = try await APIFixture.get().ask("/api/v1/servers/db1/metrics?" + query)
            #expect(response.status == 400)
            #expect(response.text.contains("\"where\":\"\(place)\""), "\(response.text)")
        }

        @Test func `Every metric of every family can be asked for`() async throws {
            let fixture = try APIFixture.get()
            for route in ["step=10s", "", "step=10s&aggregate=avg", "aggregate=max"] {
                for family in try #require(try await fixture.get("/api/v1/families")["data"] as? [[String: Any]]) {
                    let columns = try #require(family["columns"] as? [[String: Any]])
                    // The first, the last and one between: the columns of a family are of a kind.
                    let values = columns.filter { $0["kind"] as? String != "label" }.compactMap {
                        $0["name"] as? String
                    }
                    for metric in Set([values.first, values.last, values[values.count / 2]].compactMap { $0 }) {
                        _ = try await fixture.get(
                            "/api/v1/servers/db1/metrics?family=\(family["name"]!)&metric=\(metric)&from=\(fixture.at(0))&to=\(fixture.at(60))\(route.isEmpty ? "" : "&" + route)"
                        )
                    }
                }
            }
        }
    }
}
