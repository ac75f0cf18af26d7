import Glibc
import Runtime
import Testing

struct SettingsTests {
    private let schema = SettingsSchema(
        service: "collector",
        settings: [
            Setting(
                "kafka.bootstrap_servers", .string, required: true, aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
                help: "The brokers."),
            Setting("database.url", .string, secret: true, aliases: ["DATABASE_URL"], help: "The database."),
            Setting("collector.interval", .duration, default: "10s", help: "How often."),
            Setting("collector.spool_limit", .bytes, default: "64MiB", help: "How much."),
            Setting("collector.families", .list, default: "a,b", help: "What."),
            Setting("collector.ratio", .double, default: "0.5", help: "How much of it."),
            Setting("collector.enabled", .boolean, default: "true", help: "Whether."),
        ] + Setting.common(healthPort: 9_101),
        tables: [
            "server": [
                Setting("id", .string, required: true, help: "Its name in the fleet."),
                Setting("port", .integer, default: "5432", range: 1...65_535, help: "Its port."),
                Setting("password", .string, secret: true, help: "The password."),
            ]
        ],
        open: ["kafka.librdkafka"])

    private func load(
        _ toml: String, _ environment: [String: String] = [:], _ arguments: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        try Settings.load(
            schema, toml: toml, name: "c.toml", arguments: arguments, environment: environment, requiring: [])
    }

    /// The message of the error that loading gives.
    private func message(
        _ toml: String, _ environment: [String: String] = [:], _ arguments: [String: String] = [:]
    ) -> String {
        do {
            _ = try load(toml, environment, arguments)
            return "no error"
        } catch {
            #expect(!error.message.contains { $0.isNewline })
            return error.message
        }
    }

    @Test func `Every type is read from the file`() throws {
        let settings = try load(
            """
            [kafka]
            bootstrap_servers = "a:9092,b:9092"
            [collector]
            interval = "1m30s"
            spool_limit = 1_048_576
            families = ["x", "y"]
            ratio = 2
            enabled = false
            [health]
            port = 0
            """)
        #expect(settings.string("kafka.bootstrap_servers") == "a:9092,b:9092")
        #expect(settings.duration("collector.interval") == .seconds(90))
        #expect(settings.bytes("collector.spool_limit") == 1_048_576)
        #expect(settings.list("collector.families") == ["x", "y"])
        #expect(settings.double("collector.ratio") == 2)
        #expect(settings.boolean("collector.enabled") == false)
        #expect(settings.integer("health.port") == 0)
        #expect(settings.place(of: "collector.ratio") == "c.toml:7:9")
    }

    @Test func `Without anything there are the defaults`() throws {
        let settings = try load("")
        #expect(settings.duration("collector.interval") == .seconds(10))
        #expect(settings.bytes("collector.spool_limit") == 64 << 20)
        #expect(settings.list("collector.families") == ["a", "b"])
        #expect(settings.integer("health.port") == 9_101)
        #expect(settings.optionalString("database.url") == nil)
        #expect(!settings.has("kafka.bootstrap_servers"))
        #expect(settings.place(of: "collector.ratio") == "default")
    }

    @Test func `Command line over environment over file`() throws {
        let file = "[collector]\ninterval = \"1s\"\nratio = 0.1\nfamilies = [\"f\"]\n"
        let environment = ["PGA_COLLECTOR_INTERVAL": "2s", "PGA_COLLECTOR_RATIO": "0.2"]
        let settings = try load(file, environment, ["collector.interval": "3s"])
        #expect(settings.duration("collector.interval") == .seconds(3))
        #expect(settings.double("collector.ratio") == 0.2)
        #expect(settings.list("collector.families") == ["f"])
    }

    @Test func `Aliases are read after the variable's own name, and an empty variable is none`() throws {
        #expect(try load("", ["KAFKA_BOOTSTRAP_SERVERS": "a"]).string("kafka.bootstrap_servers") == "a")
        let both = ["KAFKA_BOOTSTRAP_SERVERS": "a", "PGA_KAFKA_BOOTSTRAP_SERVERS": "b"]
        #expect(try load("", both).string("kafka.bootstrap_servers") == "b")
        let empty = ["KAFKA_BOOTSTRAP_SERVERS": "a", "PGA_KAFKA_BOOTSTRAP_SERVERS": ""]
        #expect(try load("", empty).string("kafka.bootstrap_servers") == "a")
    }

    @Test func `An unknown key names its place and the nearest known one`() {
        func f(_ toml: String, _ want: String) { #expect(message(toml) == want) }
        f(
            "[kafka]\nbootstrap_server = \"a\"\n",
            "c.toml:2:1: unknown setting kafka.bootstrap_server; did you mean kafka.bootstrap_servers?")
        f("[colector]\ninterval = \"1s\"\n", "c.toml:1:2: unknown section [colector]; did you mean collector?")
        f("[log]\n  colour = true\n", "c.toml:2:3: unknown setting log.colour")
        f("xyzzy = 1\n", "c.toml:1:1: unknown setting xyzzy")
        f(
            "[[server]]\nid = \"a\"\npasword = \"x\"\n",
            "c.toml:3:1: unknown key pasword in [[server]]; did you mean password?")
        f("[server]\nid = \"a\"\n", "c.toml:1:2: server cannot be a table: begin each with [[server]]")
    }

    @Test func `A value of the wrong type names its place, itself and what to give`() {
        func f(_ toml: String, _ want: String) { #expect(message(toml) == want) }
        f("[health]\nport = \"many\"", "c.toml:2:8: health.port cannot be \"many\": give an integer, as in 65535")
        f("[health]\nport = 70000", "c.toml:2:8: health.port cannot be 70000: give an integer from 0 to 65535")
        f("[health]\nport = true", "c.toml:2:8: health.port cannot be true: give an integer, as in 65535")
        f(
            "[collector]\ninterval = 10",
            "c.toml:2:12: collector.interval cannot be 10: give a duration with its unit, as in 250ms, 10s, 5m, 24h or 3d"
        )
        f(
            "[log]\nlevel = \"loud\"",
            "c.toml:2:9: log.level cannot be \"loud\": give one of debug, info, warning, error")
        f(
            "[kafka]\nbootstrap_servers = 9092",
            "c.toml:2:21: kafka.bootstrap_servers cannot be 9092: give a string: put it in quotes, \"9092\"")
        f(
            "[collector]\nfamilies = \"a\"",
            "c.toml:2:12: collector.families cannot be \"a\": give an array of strings, as in [\"a\", \"b\"]")
        f("[collector]\nfamilies = [1]", "c.toml:2:12: collector.families cannot be an array: give an array of strings")
        f("[collector]\nenabled = \"maybe\"", "c.toml:2:11: collector.enabled cannot be \"maybe\": give true or false")
        f(
            "[collector]\ninterval = [1]",
            "c.toml:2:12: collector.interval cannot be an array: give a duration with its unit, as in 250ms, 10s, 5m, 24h or 3d"
        )
    }

    @Test func `Text that is not TOML is one line with its place`() {
        let text = message("[kafka]\nbootstrap_servers = \"a\nx = 1\n")
        #expect(text.hasPrefix("c.toml:2:23: this is not TOML: "), "\(text)")
        #expect(message("a = 1\na = 2\n").hasPrefix("c.toml:2:"))
        #expect(message("a = \u{0}").hasPrefix("c.toml:1:"))
        // Where toml++ has an assertion and not only a check.
        #expect(message("[,").hasPrefix("c.toml:1:2: this is not TOML: "))
        #expect(message("x.y = [}").hasPrefix("c.toml:1:8: this is not TOML: "))
        #expect(message("d = 1979-05-27TS7:").hasPrefix("c.toml:1:16: this is not TOML: "))
    }

    @Test func `A required key that is missing names every way to give it`() {
        do {
            _ = try Settings.load(schema, environment: [:], file: nil)
            Issue.record("It was not missed.")
        } catch {
            #expect(error.code == .missing)
            #expect(
                error.message
                    == "collector: kafka.bootstrap_servers is required: give kafka.bootstrap_servers in the file, "
                    + "PGA_KAFKA_BOOTSTRAP_SERVERS, KAFKA_BOOTSTRAP_SERVERS, or --set kafka.bootstrap_servers=…")
        }
        #expect(throws: Never.self) {
            try Settings.load(schema, environment: [:], file: nil, requiring: ["database"])
        }
    }

    @Test func `A misspelt variable is an error, another service's is ignored with a warning`() throws {
        #expect(
            message("", ["PGA_KAFKA_BOOTSTRAP_SERVER": "a"])
                == "environment variable PGA_KAFKA_BOOTSTRAP_SERVER: collector has no such setting; "
                + "did you mean PGA_KAFKA_BOOTSTRAP_SERVERS?")
        #expect(message("", ["PGA_COLECTOR_INTERVAL": "1s"]).hasSuffix("did you mean PGA_COLLECTOR_INTERVAL?"))
        #expect(message("", ["PGA_SERVER_PORT": "1"]).hasSuffix("[[server]] tables can only be given in the file"))
        let settings = try load(
            "", ["PGA_ALERTER_WEBHOOK": "x", "PGA_TEST_KAFKA": "y", "PGA_CONFIG": "z", "OTHER": "o"])
        #expect(
            settings.warnings == [
                "environment variable PGA_ALERTER_WEBHOOK is not a setting of collector and was ignored"
            ])
    }

    @Test func `An open section passes everything through, however it is written`() throws {
        let file = """
            [kafka.librdkafka]
            "security.protocol" = "ssl"
            ssl.ca.location = "/ca.pem"
            statistics.interval.ms = 0
            enable.idempotence = true
            """
        let settings = try load(
            file, ["PGA_KAFKA_LIBRDKAFKA_SSL_KEY_PASSWORD": "geheim"],
            ["kafka.librdkafka.ssl.ca.location": "/other.pem"])
        #expect(
            settings.map("kafka.librdkafka") == [
                "security.protocol": "ssl", "ssl.ca.location": "/other.pem", "statistics.interval.ms": "0",
                "enable.idempotence": "true", "ssl.key.password": "geheim",
            ])
        #expect(settings.secrets == ["geheim"])
    }

    @Test func `Tables come in order, each with its own defaults and errors`() throws {
        let settings = try load("[[server]]\nid = \"a\"\n[[server]]\nid = \"b\"\nport = 5433\n")
        let servers = settings.tables("server")
        #expect(servers.map { $0.string("id") } == ["a", "b"])
        #expect(servers.map { $0.integer("port") } == [5_432, 5_433])
        #expect(servers[1].place == "c.toml:3:1")
        #expect(try load("").tables("server").isEmpty)
        #expect(
            message("\n[[server]]\nport = 1\n")
                == "c.toml:2:1: this [[server]] has no id, which is required: Its name in the fleet.")
    }

    @Test func `A secret comes from a file, in every place`() throws {
        var path = Array("/tmp/pga-secret-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        defer { close(descriptor) }
        #expect(write(descriptor, "s3cret-word\n", 12) == 12)
        let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(name) }

        #expect(try load("", ["PGA_DATABASE_URL_FILE": name]).string("database.url") == "s3cret-word")
        #expect(try load("", ["DATABASE_URL_FILE": name]).string("database.url") == "s3cret-word")
        #expect(try load("", [:], ["database.url_file": name]).string("database.url") == "s3cret-word")
        let table = try load("[[server]]\nid = \"a\"\npassword_file = \"\(name)\"\n")
        #expect(table.tables("server")[0].string("password") == "s3cret-word")
        #expect(table.secrets == ["s3cret-word"])

        #expect(message("", ["PGA_DATABASE_URL_FILE": name, "PGA_DATABASE_URL": "x"]).contains("give one of them"))
        #expect(
            message("", ["PGA_DATABASE_URL_FILE": "/nowhere/x"])
                == "environment variable PGA_DATABASE_URL_FILE: the file of database.url cannot be read: "
                + "/nowhere/x: No such file or directory")
        // A file that nobody needs, because a stronger place gives the secret, is not read.
        let unneeded = "[database]\nurl_file = \"/nowhere/x\"\n"
        #expect(try load(unneeded, ["DATABASE_URL": "y"]).string("database.url") == "y")
        #expect(message(unneeded).hasPrefix("c.toml:2:12: the file of database.url cannot be read"))
        // A stronger place wins, whichever of the two forms it uses.
        #expect(
            try load("[database]\nurl = \"weak\"\n", ["PGA_DATABASE_URL_FILE": name]).string("database.url")
                == "s3cret-word")
    }

    @Test func `A secret of an open section comes from a file too, in every place`() throws {
        var path = Array("/tmp/pga-secret-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        defer { close(descriptor) }
        #expect(write(descriptor, "s3cret-word\n", 12) == 12)
        let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(name) }
        let variable = "PGA_KAFKA_LIBRDKAFKA_SASL_PASSWORD"
        let inFile = "[kafka.librdkafka]\n\"sasl.password_file\" = \"\(name)\"\n"

        for settings in [
            try load("", [variable + "_FILE": name]), try load(inFile),
            try load("", [:], ["kafka.librdkafka.sasl.password_file": name]),
        ] {
            #expect(settings.map("kafka.librdkafka") == ["sasl.password": "s3cret-word"])
            #expect(settings.secrets == ["s3cret-word"])
        }
        // A stronger place wins, and a file that nobody needs is not read.
        #expect(try load(inFile, [variable: "y"]).map("kafka.librdkafka") == ["sasl.password": "y"])
        let nowhere = "[kafka.librdkafka]\nsasl.password_file = \"/nowhere/x\"\n"
        #expect(try load(nowhere, [variable: "y"]).map("kafka.librdkafka") == ["sasl.password": "y"])
        #expect(
            message(nowhere)
                == "c.toml:2:22: the file of kafka.librdkafka.sasl.password cannot be read: "
                + "/nowhere/x: No such file or directory")
        #expect(message("", [variable + "_FILE": name, variable: "x"]).contains("give one of them"))
        // What is no secret, or is a file by its own name, passes through as it is.
        #expect(
            try load("", ["PGA_KAFKA_LIBRDKAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE": "/k"])
                .map("kafka.librdkafka") == ["sasl.oauthbearer.assertion.private.key.file": "/k"])
    }

    @Test func `A secret shows in no error and in no description`() throws {
        let settings = try load("", ["DATABASE_URL": "postgres://u:hunter22@db/x"])
        #expect(!settings.description.contains("hunter22"))
        #expect(settings.secrets == ["postgres://u:hunter22@db/x", "hunter22"])
        #expect(!settings.invalid("database.url", "give another").message.contains("hunter22"))
        #expect(!message("[database]\nurl = 12345").contains("12345"))
    }

    @Test func `The reference has every key, its variable and its default`() {
        let text = schema.reference()
        #expect(text.contains("  collector.interval  (duration, default 10s)\n      How often.\n"))
        #expect(text.contains("environment: PGA_KAFKA_BOOTSTRAP_SERVERS, KAFKA_BOOTSTRAP_SERVERS\n"))
        #expect(
            text.contains("environment: PGA_DATABASE_URL, DATABASE_URL, PGA_DATABASE_URL_FILE, DATABASE_URL_FILE\n"))
        #expect(text.contains("kafka.librdkafka.NAME"))
        #expect(text.contains("In each [[server]] of the file:"))
        for setting in schema.settings { #expect(text.contains("  \(setting.name)  (")) }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test func `Durations and sizes`() throws {
        func f(_ text: String, _ want: Duration?) throws {
            let settings = try? load("", [:], ["collector.interval": text])
            #expect(settings?.duration("collector.interval") == want, "\(text)")
        }
        try f("250ms", .milliseconds(250))
        try f("0.1s", .milliseconds(100))
        try f("24h", .seconds(86_400))
        try f("3d", .seconds(259_200))
        try f("1h 30m", .seconds(5_400))
        try f("0", .zero)
        for bad in ["10", "s", "-1s", "1x", "1e9999s", "99999999999d", "1.2.3s", "10s!"] { try f(bad, nil) }
        func g(_ text: String, _ want: Int?) throws {
            let settings = try? load("", [:], ["collector.spool_limit": text])
            #expect(settings?.bytes("collector.spool_limit") == want, "\(text)")
        }
        try g("512", 512)
        try g("64KiB", 65_536)
        try g("1.5 MiB", 1_572_864)
        try g("2GB", 2_000_000_000)
        for bad in ["-1", "1mb", "MiB", "99999999TiB99", "9999999999999TiB"] { try g(bad, nil) }
    }

    @Test func `Whatever the file holds, it ends with settings or an error`() {
        let seed = "[kafka]\nbootstrap_servers = \"a\"\n[kafka.librdkafka]\nx.y = [1, 2]\n[[server]]\nid = 'b'\n"
        for _ in 0..<2_000 {
            var bytes = Array(seed.utf8)
            for _ in 0..<Int.random(in: 1...5) {
                let index = Int.random(in: bytes.indices)
                switch Int.random(in: 0..<3) {
                case 0: bytes[index] = UInt8.random(in: 0...127)
                case 1: bytes.insert("[]{}=.\"'#,\n".utf8.randomElement()!, at: index)
                default: bytes.remove(at: index)
                }
            }
            let text = message(String(decoding: bytes, as: UTF8.self))
            #expect(text == "no error" || text.hasPrefix("c.toml:"), "\(text)")
        }
    }
}
