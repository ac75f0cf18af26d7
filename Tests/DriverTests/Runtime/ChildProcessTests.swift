import Glibc
import Runtime
import Testing

struct ChildProcessTests {
    private func shell(_ script: String, input: [UInt8]? = nil, timeout: Duration = .seconds(60)) async throws
        -> ChildProcess.Result
    {
        try await ChildProcess.run(executable: "sh", arguments: ["-c", script], input: input, timeout: timeout)
    }

    @Test func `A program's output, error and status come back`() async throws {
        let result = try await shell("echo out; echo err >&2; exit 3")
        #expect(result.output == "out\n")
        #expect(result.error == "err\n")
        #expect(result.status == .exited(3))
        #expect(try await shell("true").status.isSuccess)
    }

    @Test func `A signal is not an exit`() async throws {
        #expect(try await shell("kill -9 $$").status == .signalled(SIGKILL))
    }

    @Test func `It reads what it is given, however much`() async throws {
        let input = [UInt8](repeating: 0x61, count: 1 << 20)
        let result = try await shell("wc -c; cat >/dev/null", input: input)
        #expect(result.output.split(separator: "\n").first == "1048576")
        #expect(try await shell("cat").output == "")
    }

    @Test func `Output larger than a pipe comes whole, and more than the limit is refused`() async throws {
        #expect(try await shell("head -c 3000000 /dev/zero").output.utf8.count == 3_000_000)
        await #expect(throws: RuntimeError.self) {
            try await ChildProcess.run(executable: "sh", arguments: ["-c", "cat /dev/zero"], limit: 1 << 20)
        }
    }

    @Test func `Who takes too long is killed with all that it started`() async throws {
        let start = ContinuousClock.now
        await #expect(throws: RuntimeError.self) {
            try await shell("sleep 60 & sleep 60; echo never", timeout: .milliseconds(100))
        }
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func `A cancelled task leaves no child behind`() async throws {
        let child = try ChildProcess.spawn(executable: "sleep", arguments: ["60"], processGroup: true)
        let task = Task { await child.stop(within: .seconds(30)) }
        task.cancel()
        #expect(await task.value == .signalled(SIGTERM))
        let running = Task { try await shell("sleep 60") }
        try await Task.sleep(for: .milliseconds(20))
        running.cancel()
        await #expect(throws: (any Error).self) { try await running.value }
    }

    @Test func `What does not listen to the signal is killed when its time is over`() async throws {
        let child = try ChildProcess.spawn(
            executable: "sh", arguments: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"],
            stdout: .pipe,
            processGroup: true)
        #expect(try await child.output?.readLine() == "ready")
        #expect(await child.wait(within: .milliseconds(10)) == nil)
        #expect(await child.stop(within: .milliseconds(50)) == .signalled(SIGKILL))
        #expect(child.status == .signalled(SIGKILL))
        child.kill(SIGTERM)
    }

    @Test func `Lines are read as they come`() async throws {
        let child = try ChildProcess.spawn(
            executable: "sh", arguments: ["-c", "printf 'one\\ntw'; printf 'o\\nrest'"], stdout: .pipe, stderr: .null)
        let output = try #require(child.output)
        var lines: [String] = []
        while let line = try await output.readLine() { lines.append(line) }
        #expect(lines == ["one", "two", "rest"])
        #expect(await child.wait() == .exited(0))
        #expect(await child.wait() == .exited(0))
    }

    @Test func `It inherits neither our mask, nor what we ignore, nor our descriptors`() async throws {
        // Opened without close-on-exec, as a careless library would.
        let leaked = open("/dev/null", O_RDONLY)
        defer { close(leaked) }
        let result = try await shell(
            "ls /proc/self/fd | sort -n | tr '\\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status")
        let descriptors = result.output.prefix { $0 != "S" }.split(separator: " ").compactMap { Int($0) }
        // 3 is the directory that ls reads.
        #expect(descriptors.allSatisfy { $0 <= 3 }, "\(result.output)")
        #expect(result.output.contains("SigBlk:\t0000000000000000"))
        // 32 and 33 are glibc's own; it has them ignored between vfork and exec.
        let ignored = result.output.split(separator: "SigIgn:\t").last?.prefix(16)
        #expect(ignored.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x7FFF_FFFF } == 0, "\(result.output)")
    }

    @Test func `Environment and directory are what was asked for`() async throws {
        let result = try await ChildProcess.run(
            executable: "/bin/sh", arguments: ["-c", "pwd; env | grep -v -E '^(PWD|SHLVL|_|OLDPWD)='"],
            environment: ["A": "b c"], workingDirectory: "/")
        #expect(result.output == "/\nA=b c\n")
    }

    @Test func `A program that is not there is one clear line`() async {
        func message(_ body: () throws -> ChildProcess) -> String {
            do {
                _ = try body()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            message { try ChildProcess.spawn(executable: "/nowhere/x") }
                == "/nowhere/x cannot be started: No such file or directory")
        #expect(message { try ChildProcess.spawn(executable: "no-such-program") }.contains("it is not in PATH"))
        #expect(
            message { try ChildProcess.spawn(executable: "true", stdout: .file("/nowhere/log")) }.contains(
                "/nowhere/log"))
        #expect(
            message { try ChildProcess.spawn(executable: "true", workingDirectory: "/nowhere") }.contains(
                "No such file"))
    }

    @Test(.enabled(if: ChildProcess.isRoot, "only root can run a program as somebody else"))
    func `Root runs it as another user, and it dies with the parent`() async throws {
        let result = try await ChildProcess.run(executable: "id", arguments: ["-un"], user: "nobody")
        #expect(result.output == "nobody\n")
        do {
            _ = try ChildProcess.spawn(executable: "true", user: "no-such-user")
            Issue.record("It was started.")
        } catch {
            #expect("\(error)".contains("there is no such user"))
        }
        // A shell that starts a child as we do, with a death signal, and is then killed itself.
        let child = try ChildProcess.spawn(
            executable: "setpriv", arguments: ["--dump"], user: "nobody", stdout: .pipe, parentDeathSignal: SIGKILL)
        var dump = ""
        while let line = try await child.output?.readLine() { dump += line + "\n" }
        #expect(dump.contains("Parent death signal: KILL"), "\(dump)")
        #expect(await child.wait().isSuccess)
    }

    @Test func `Many at once`() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask { try await shell("echo \(number)").output == "\(number)\n" }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
