import Testing

/// Who may know whom, by the `import` lines.
@Suite struct ImportBoundaryTests {
    private func check(_ folder: String, _ allowed: (String) -> Bool) {
        let files = Repository.files(folder)
        #expect(!files.isEmpty, "\(folder) has no sources")
        for file in files {
            for module in Repository.imports(file.text).sorted() where !allowed(module) {
                Issue.record("\(file.path) imports \(module)")
            }
        }
    }

    private static let ours = Set(
        Repository.services + Repository.drivers + Repository.libraries + ["Codec", "Support"])

    @Test func `The folders are the modules that this is about`() {
        #expect(Repository.services == ["API", "Alerter", "Analyzer", "Collector", "Operator", "Writer"])
        #expect(
            Repository.drivers == [
                "Crypto", "HTTP", "Kafka", "Offsets", "Postgres", "Runtime", "SQL", "YAML", "Zstd",
            ])
        #expect(Repository.libraries.allSatisfy { $0.hasPrefix("C") })
    }

    @Test func `Import lines of every form are seen`() {
        let text = """
            import A
            public import B
            @testable import C
            @preconcurrency internal import struct D.X
              import func E.f
            // import F
            """
        #expect(Repository.imports(text) == ["A", "B", "C", "D", "E"])
    }

    @Test func `The codec imports no driver, no C library and no Foundation`() {
        check("Shared/Codec") { $0 == "Glibc" || $0 == "Synchronization" }
    }

    @Test(arguments: Repository.drivers)
    func `A driver knows the world, and nothing of us`(_ driver: String) {
        let others: Set<String> =
            driver == "Offsets" ? ["Runtime", "Kafka", "Postgres"] : driver == "Runtime" ? [] : ["Runtime"]
        check("Shared/Drivers/\(driver)") { module in
            !Self.ours.contains(module) || others.contains(module) || Repository.libraries.contains(module)
        }
        check("Shared/Drivers/\(driver)") { !$0.hasPrefix("Foundation") }
    }

    @Test(arguments: Repository.libraries)
    func `A C library is imported by one driver, and has no Swift`(_ library: String) {
        #expect(Repository.files("Shared/C/\(library)").isEmpty)
        let users = Repository.drivers.filter { driver in
            Repository.files("Shared/Drivers/\(driver)").contains { Repository.imports($0.text).contains(library) }
        }
        #expect(users.count == 1, "\(library): \(users)")
    }

    @Test(arguments: Repository.services)
    func `A service imports no other, and no C library`(_ service: String) {
        check("Services/\(service)") { module in
            module == service || !Self.ours.contains(module) || module == "Codec" || Repository.drivers.contains(module)
        }
    }

    @Test func `Nothing imports a service but its own tests`() {
        for folder in Repository.folders("Tests") {
            for file in Repository.files("Tests/\(folder)") {
                for service in Repository.services where Repository.imports(file.text).contains(service) {
                    // The pipeline's tests start all services as the operator does.
                    let own = folder == service + "Tests" || (folder, service) == ("PipelineTests", "Operator")
                    #expect(own, "\(file.path) imports \(service)")
                }
            }
        }
    }

    @Test func `A service links only the drivers that it imports`() throws {
        let package = try #require(
            Repository.files(".", ending: "Package.swift").first { $0.path == "./Package.swift" }
        ).text
        for service in Repository.services {
            let line = try #require(
                package.split(separator: "\n").first { $0.contains("service(\"\(service)\"") },
                "\(service) in Package.swift")
            let linked = Set(line.matches(of: /"(\w+)"/).map { String($0.1) }).intersection(Repository.drivers)
            let imported = Repository.files("Services/\(service)").reduce(into: Set<String>()) {
                $0.formUnion(Repository.imports($1.text))
            }.intersection(Repository.drivers)
            #expect(linked == imported, "\(service)")
        }
    }
}
