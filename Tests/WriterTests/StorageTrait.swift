import Postgres
import Support
import Testing

/// One private PostgreSQL for all tests of a suite.
struct StorageTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestServer.with { _ in try await function() }
    }
}

extension Trait where Self == StorageTrait {
    static var storage: StorageTrait { StorageTrait() }
}

/// What needs a database; each file adds a suite.
@Suite(.storage) struct WithStorage {}
