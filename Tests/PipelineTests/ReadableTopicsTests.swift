import Foundation
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// Everybody's consumers: a samples message is read with kcat and protoc and nothing but `topics/`.
    @Suite struct ReadableTopicsTests {
        @Test func `kcat and protoc read a samples message`() async throws { try await read(.mock) }

        @Test(.enabled(if: RealKafka.isFound, "\(RealKafka.whereLooked)"), arguments: Broker.plain)
        func `Of a real Kafka they do too`(_ broker: Broker) async throws { try await read(broker) }

        private func read(_ broker: Broker) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                let topics = try #require(Installation.topics())
                let file = world.stack.folder.path("message")
                let kcat = try await ChildProcess.run(
                    executable: "bash",
                    arguments: [
                        "-c",
                        """
                        kcat \(world.kcatArguments.joined(separator: " ")) -C -t pganalytics.samples -o beginning -e -q -D '' \
                        -f '%s' -c 1 > \(file) && protoc -I \(topics) --decode=pganalytics.v1.Table \(topics)/*.proto < \(file)
                        """,
                    ])
                #expect(kcat.status.isSuccess, "\(kcat.error)")
                #expect(kcat.output.contains("instance: \"\(world.monitored.target.id)\""))
                #expect(kcat.output.contains("family: "))
                let headers = try await ChildProcess.run(
                    executable: "kcat",
                    arguments: world.kcatArguments + [
                        "-C", "-t", "pganalytics.samples", "-o", "beginning", "-e", "-q", "-c", "1", "-f", "%k %h\n",
                    ])
                #expect(headers.output.hasPrefix(world.monitored.target.id))
                for name in [
                    "ce_specversion=1.0", "ce_source=embedded/", "ce_id=", "ce_type=", "ce_time=", "pga-version=1",
                ] {
                    #expect(headers.output.contains(name))
                }
            }
        }
    }
}
