import Runtime
import Testing

@testable import Collector

/// What the collector is told, and what it refuses.
@Suite struct CollectorSettingsTests {
    private func load(_ text: String) throws -> CollectorSettings {
        let folder = CollectorProcess.folder()
        defer { CollectorProcess.remove(folder) }
        try CollectorProcess.write(text, to: folder + "/c.toml")
        return try CollectorSettings(
            try Settings.load(CollectorSettings.schema, arguments: [:], environment: [:], file: folder + "/c.toml"))
    }

    private func refuses(_ text: String, _ words: String..., location: SourceLocation = #_sourceLocation) {
        do {
            _ = try load(text)
            Issue.record("it was taken", sourceLocation: location)
        } catch {
            for word in words { #expect("\(error)".contains(word), "\(error)", sourceLocation: location) }
        }
    }

    @Test func `Servers take the interval of the collector or their own`() throws {
        let settings = try load(
            """
            [collector]
            interval = "30s"
            [[server]]
            id = "a"
            [[server]]
            id = "b"
            interval = "5s"
            local = true
            """)
        #expect(settings.servers.map(\.interval) == [.seconds(30), .seconds(5)])
        #expect(settings.servers.map(\.isLocal) == [false, true])
        #expect(settings.costAllowance == .milliseconds(100))
        #expect(try load("[collector]\ncost_allowance = \"1m\"\n").costAllowance == .seconds(60))
        #expect(settings.servers[0].port == 5432 && settings.servers[0].user == "pganalytics")
    }

    @Test func `What cannot be is refused with its place`() {
        refuses("[[server]]\nid = \"a\"\n[[server]]\nid = \"a\"\n", "unique", "c.toml:")
        refuses("[[server]]\nhost = \"a\"\n", "id")
        refuses("[[server]]\nid = \"a\"\nprot = 5433\n", "prot", "port", "c.toml:3")
        refuses("[collector]\nid = \"a/b\"\n", "slashes")
        refuses("[collector]\ninterval = \"1ms\"\n", "100ms")
        refuses("[[server]]\nid = \"a\"\nstatement_timeout = \"1h\"\n", "10m")
        refuses("[spool]\nmax_bytes = \"1MiB\"\n", "two segments")
        refuses("[[server]]\nid = \"a\"\nsslmode = \"maybe\"\n", "sslmode")
    }
}
