import Foundation
import Testing

@testable import API

extension WithDatabase {
    @Suite struct Statements {
        private func statements(_ query: String, from: Int64 = 0, to: Int64 = 60) async throws -> [String: Any] {
            let fixture = try APIFixture.get()
            return try await fixture.get(
                "/api/v1/servers/db1/statements?from=\(fixture.at(from))&to=\(fixture.at(to))\(query)")
        }

        private func rows(_ json: [String: Any]) throws -> [[String: Any]] {
            try #require(json["data"] as? [[String: Any]])
        }

        @Test func `Deltas within the range are summed, to the last call`() async throws {
            let json = try await statements("")
            let data = try rows(json)
            #expect(data.map { $0["queryid"] as? Int64 } == [Int64.max, 111, 111])
            #expect(data.map { $0["calls"] as? Int } == [3, 41, 5])
            #expect(data.map { $0["rows"] as? Int64 } == [9_007_199_254_740_993, 82, 5])
            #expect(data[1]["total_exec_time_ns"] as? Int == 41_000_000)
            #expect(data[1]["mean_exec_time_ns"] as? Double == 1_000_000)
            #expect(data[1]["name"] as? String == "aaaaaaaaaaaaaaaa")
            #expect(data[1]["text"] as? String == #"SELECT "x" FROM t WHERE a = $1"#)
            #expect(data[0]["text"] is NSNull)
            let total = try #require(json["total"] as? [String: Any])
            #expect(total["calls"] as? Int == 49)
            #expect(total["statements"] as? Int == 3)
            let coverage = try #require(json["coverage"] as? [String: Any])
            #expect(coverage["from"] as? String == (try APIFixture.get()).at(0))
            #expect(coverage["readings"] as? Int == 5)
            #expect((json["gaps"] as? [Any])?.count == 1)
        }

        @Test func `A row of the server's own view can be had, and a fingerprint across databases`() async throws {
            let byRow = try rows(try await statements("&by=row"))
            #expect(byRow.count == 4)
            #expect(byRow.filter { $0["username"] as? String == "u2" }.map { $0["calls"] as? Int } == [1])
            let byName = try rows(try await statements("&by=name"))
            #expect(byName.count == 2)
            #expect(byName.last?["calls"] as? Int == 46)
        }

        @Test func `They are ordered as asked`() async throws {
            #expect(try rows(try await statements("&order=calls")).map { $0["calls"] as? Int } == [41, 5, 3])
            #expect(try rows(try await statements("&order=rows&limit=1")).map { $0["calls"] as? Int } == [3])
            #expect(try rows(try await statements("&order=mean")).first?["calls"] as? Int == 3)
        }

        @Test func `The collector's own are left out unless asked for`() async throws {
            let data = try rows(try await statements("&ours=true&order=calls"))
            #expect(data.first?["ours"] as? Bool == true)
            #expect(data.first?["calls"] as? Int == 99)
        }

        @Test func `The begin of the range is outside, its end inside`() async throws {
            #expect(
                try rows(try await statements("&database=app", from: 20, to: 40)).map { $0["calls"] as? Int } == [10])
            #expect(
                try rows(try await statements("&database=app", from: 39, to: 49)).map { $0["calls"] as? Int } == [10])
        }

        @Test func `Shares add up to one`() async throws {
            let shares = try rows(try await statements("")).compactMap { $0["share"] as? Double }
            #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        }

        @Test func `A first reading alone says nothing, and nothing is not zero`() async throws {
            let json = try await statements("", from: 0, to: 10)
            let data = try rows(json)
            #expect(data.count == 1)
            #expect(data[0]["calls"] is NSNull)
            #expect(data[0]["flagged_readings"] as? Int == 1)
            let total = try #require(json["total"] as? [String: Any])
            #expect(total["calls"] is NSNull && total["total_exec_time_ns"] is NSNull)
            #expect(total["statements"] as? Int == 1)
        }

        @Test func `An empty range is an empty list`() async throws {
            let json = try await statements("", from: -100, to: -50)
            #expect(try rows(json).isEmpty)
            #expect((json["coverage"] as? [String: Any])?["from"] is NSNull)
            #expect((json["total"] as? [String: Any])?["calls"] is NSNull)
        }
    }
}
