import Foundation
import Testing
import YAML

/// `compose.yaml` and the Dockerfile against what they name; no container engine is needed.
@Suite struct ContainerFileTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func exists(_ path: some StringProtocol) -> Bool {
        FileManager.default.fileExists(atPath: Repository.root.appendingPathComponent(String(path)).path)
    }

    /// A service of the file; what its template (`<<: *template`) says holds where it says nothing itself.
    private struct Service {
        let name: String
        let node: YAMLNode

        subscript(_ key: String) -> YAMLNode? { node[key] ?? node["<<"]?[key] }
        /// Which of ours it runs; nil for somebody else's image.
        var ours: String? { node["build"]?["args"]?["SERVICE"]?.string }
        var environment: [String: String] {
            var values: [String: String] = [:]
            for (key, value) in self["environment"]?.mapping ?? [] { values[key.string ?? ""] = value.string ?? "" }
            return values
        }
        var secrets: [String] { (self["secrets"]?.sequence ?? []).compactMap(\.string) }
    }

    private let compose: YAMLNode
    private let services: [Service]

    init() throws {
        compose = try YAMLNode.parse(Self.text("compose.yaml"), name: "compose.yaml")
        services = try #require(compose["services"]?.mapping).map { Service(name: $0.key.string ?? "", node: $0.value) }
    }

    /// The environment variables of a service's declared settings: `Setting("section.key", …)` in its own sources and in
    /// those of the drivers that it imports.
    private static func variables(of service: String) throws -> Set<String> {
        let folder = try #require(Repository.services.first { $0.lowercased() == service }, "\(service)")
        let own = Repository.files("Services/\(folder)")
        let drivers = own.reduce(into: Set<String>()) { $0.formUnion(Repository.imports($1.text)) }
        let files = own + drivers.sorted().flatMap { Repository.files("Shared/Drivers/\($0)") }
        var found: Set<String> = []
        for file in files {
            for declaration in file.text.split(separator: "Setting(").dropFirst() {
                guard let name = declaration.prefixMatch(of: /\s*"([a-z_]+\.[a-z_.]+)"/)?.1 else { continue }
                let head = declaration.prefix { $0 != ")" }
                let aliases = head.firstMatch(of: /aliases: \[([^\]]*)\]/)?.1.matches(of: /[A-Z_]+/) ?? []
                let names = ["PGA_" + name.uppercased().replacing(".", with: "_")] + aliases.map { String($0.0) }
                found.formUnion(names)
                if head.contains("secret: true") { found.formUnion(names.map { $0 + "_FILE" }) }
            }
        }
        return found
    }

    @Test func `What a service is told in its environment is a setting of it`() throws {
        for service in services {
            guard let ours = service.ours else { continue }
            let known = try Self.variables(of: ours)
            for name in service.environment.keys {
                #expect(known.contains(name), "\(service.name): \(name) is no setting of \(ours)")
            }
        }
    }

    @Test func `What runs for long has a memory limit and a health check, and a port for it`() throws {
        let dockerfile = try Self.text("deploy/Dockerfile")
        #expect(dockerfile.contains("\nHEALTHCHECK "))
        for service in services where service["restart"]?.string == "unless-stopped" {
            #expect(service["mem_limit"]?.string != nil, "\(service.name) has no mem_limit")
            let own = service["healthcheck"]
            #expect(own?["disable"] == nil, "\(service.name)")
            #expect(
                own?["test"] != nil || (service.ours != nil && service.environment["PGA_HEALTH_PORT"] != nil),
                "\(service.name) has no health check")
        }
    }

    @Test func `Every secret is made by the script, declared, and lent to whom it is named`() throws {
        // The script writes beside itself: a copy of it writes elsewhere.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pga-secrets-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.text("deploy/compose/secrets.sh").write(
            to: folder.appendingPathComponent("secrets.sh"), atomically: true, encoding: .utf8)
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/bin/bash")
        script.arguments = [folder.appendingPathComponent("secrets.sh").path]
        script.standardError = FileHandle.nullDevice
        try script.run()
        script.waitUntilExit()
        let made = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/secrets"))

        let declared = try #require(compose["secrets"]?.mapping)
        for (name, value) in declared {
            let file = try #require(value["file"]?.string)
            #expect(file.hasPrefix("./deploy/compose/secrets/"), "\(file)")
            #expect(made.contains(file.split(separator: "/").last.map(String.init) ?? ""), "\(name.string ?? "")")
        }
        for service in services {
            #expect(Set(service.secrets).isSubset(of: declared.compactMap { $0.key.string }), "\(service.name)")
            for (variable, value) in service.environment where value.hasPrefix("/run/secrets/") {
                #expect(service.secrets.contains(String(value.dropFirst(13))), "\(service.name): \(variable)")
            }
        }
    }

    @Test func `What is built and mounted is there`() throws {
        let package = try Self.text("Package.swift")
        for service in services {
            if let ours = service.ours {
                let product = ours == "operator" ? "pganalytics" : "pganalytics-\(ours)"
                #expect(package.contains(".executable(name: \"\(product)\""), "\(service.name)")
                let dockerfile = try #require(service["build"]?["dockerfile"]?.string)
                #expect(Self.exists(dockerfile))
            }
            for mount in (service["volumes"]?.sequence ?? []).compactMap(\.string) where mount.hasPrefix("./") {
                #expect(Self.exists(mount.split(separator: ":")[0]), "\(service.name): \(mount)")
            }
        }
        for line in try Self.text("deploy/Dockerfile").split(separator: "\n")
        where line.hasPrefix("COPY ") && !line.hasPrefix("COPY --from") {
            for source in line.split(separator: " ").dropFirst().dropLast() { #expect(Self.exists(source), "\(line)") }
        }
    }
}
