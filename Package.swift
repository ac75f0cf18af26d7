// swift-tools-version: 6.3
import PackageDescription

// One table of modules, one list of settings. SwiftPM fetches nothing: every C library is Debian's (see ARCHITECTURE.md).

/// What every Swift target is built with; each feature is a Swift Evolution proposal that has not become the default yet.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableExperimentalFeature("Lifetimes"),  // ~Escapable views over lent bytes
]

/// Debian's library behind a module map: no Swift, no logic.
func clib(_ name: String, _ package: String) -> Target {
    .systemLibrary(name: name, path: "Shared/C/\(name)", providers: [.apt([package])])
}

/// About the world, nothing of us.
func driver(_ name: String, _ dependencies: [Target.Dependency], linker: [LinkerSetting] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Shared/Drivers/\(name)", exclude: ["README.md"],
        swiftSettings: settings, linkerSettings: linker)
}

/// One process, one image.
func service(
    _ name: String, _ drivers: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: ["Codec"] + drivers, path: "Services/\(name)", exclude: ["README.md"] + exclude,
        resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "pganalytics",
    products: [
        .executable(name: "pganalytics", targets: ["Operator"]),
        .executable(name: "pganalytics-collector", targets: ["Collector"]),
        .executable(name: "pganalytics-writer", targets: ["Writer"]),
        .executable(name: "pganalytics-analyzer", targets: ["Analyzer"]),
        .executable(name: "pganalytics-alerter", targets: ["Alerter"]),
        .executable(name: "pganalytics-api", targets: ["API"]),
        .executable(name: "pganalytics-bench", targets: ["Benchmarks"]),
    ],
    targets: [
        clib("CRdkafka", "librdkafka-dev"),
        clib("CLibpq", "libpq-dev"),
        clib("CZstd", "libzstd-dev"),
        clib("COpenSSL", "libssl-dev"),
        clib("CMicrohttpd", "libmicrohttpd-dev"),
        clib("CCurl", "libcurl4-openssl-dev"),
        clib("CYAML", "libyaml-dev"),
        clib("CJose", "libcjose-dev"),
        clib("CPgQuery", "libpg-query-dev"),
        clib("CCrypt", "libcrypt-dev"),
        clib("CLinux", "libc6-dev"),
        .target(name: "CTOML", path: "Shared/C/CTOML"),

        driver("Runtime", ["CLinux", "CTOML"]),
        driver("Kafka", ["CRdkafka", "Runtime"]),
        driver("Postgres", ["CLibpq", "Runtime"]),
        driver("Offsets", ["Kafka", "Postgres", "Runtime"]),
        driver("HTTP", ["CMicrohttpd", "CCurl", "Runtime"]),
        driver("Crypto", ["COpenSSL", "CJose", "CCrypt", "Runtime"]),
        driver("SQL", ["CPgQuery"], linker: [.linkedLibrary(":libpg_query.a")]),
        driver("Zstd", ["CZstd"]),
        driver("YAML", ["CYAML"]),

        .target(name: "Codec", path: "Shared/Codec", exclude: ["README.md"], swiftSettings: settings),

        service("Collector", ["Runtime", "Kafka", "Postgres", "HTTP", "SQL", "Crypto"]),
        service("Writer", ["Runtime", "Kafka", "Postgres", "Offsets", "HTTP"]),
        service("Analyzer", ["Runtime", "Kafka", "Postgres", "Offsets", "HTTP", "Crypto"]),
        service("Alerter", ["Runtime", "Kafka", "Postgres", "Offsets", "HTTP", "Crypto", "YAML"]),
        service("API", ["Runtime", "Postgres", "HTTP", "Crypto"], exclude: ["OpenAPI/openapi.json"]),
        service("Operator", ["Runtime", "Kafka", "Postgres", "HTTP", "YAML", "Crypto"]),

        .target(
            name: "Support", dependencies: ["Runtime", "Kafka", "Postgres", "HTTP"], path: "Tests/Support",
            swiftSettings: settings),
        tests("CodecTests", ["Codec", "Support"], exclude: ["Golden", "README.md"]),
        tests(
            "DriverTests",
            ["Runtime", "Kafka", "Postgres", "Offsets", "HTTP", "Crypto", "SQL", "Zstd", "YAML", "Support"]),
        tests("CollectorTests", ["Collector", "Codec", "Kafka", "Postgres", "Runtime", "SQL", "Support"]),
        tests("WriterTests", ["Writer", "Codec", "Kafka", "Postgres", "Offsets", "Runtime", "Support"]),
        tests("AnalyzerTests", ["Analyzer", "Codec", "Kafka", "Postgres", "Runtime", "HTTP", "Support"]),
        tests(
            "AlerterTests", ["Alerter", "Codec", "Kafka", "Postgres", "Runtime", "HTTP", "Crypto", "YAML", "Support"]),
        tests("APITests", ["API", "Codec", "Crypto", "HTTP", "Postgres", "Runtime", "Support"]),
        tests("OperatorTests", ["Operator", "HTTP", "Kafka", "Runtime", "YAML", "Support"]),
        tests("ContractTests", ["Codec", "YAML", "Postgres", "Support"], exclude: ["README.md"]),
        tests("PipelineTests", ["Operator", "Codec", "Kafka", "Postgres", "HTTP", "Runtime", "Support"]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["Codec", "Runtime", "Kafka", "Postgres", "HTTP", "Zstd", "Support"],
            path: "Tests/Benchmarks", exclude: ["README.md", "Recorded"], swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)
