import Foundation
import Testing

/// The reference implementation of Protocol Buffers, as a process.
enum Protoc {
    /// Where the repository is.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Text to bytes.
    static func encode(_ message: String, _ text: String) throws -> [UInt8] {
        try run(["--encode=\(message)"], message, Array(text.utf8))
    }

    /// Bytes to text.
    static func decode(_ message: String, _ bytes: [UInt8]) throws -> String {
        String(decoding: try run(["--decode=\(message)"], message, bytes), as: UTF8.self)
    }

    private static func run(_ arguments: [String], _ message: String, _ input: [UInt8]) throws -> [UInt8] {
        let file = try #require(ProtoFiles.file(of: message), "no .proto file has \(message)")
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("protoc-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let source = directory.appendingPathComponent("in")
        let target = directory.appendingPathComponent("out")
        let complaint = directory.appendingPathComponent("error")
        try Data(input).write(to: source)
        for url in [target, complaint] { try Data().write(to: url) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["protoc", "-I", root.appendingPathComponent("topics").path] + arguments + [file]
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: target)
        process.standardError = try FileHandle(forWritingTo: complaint)
        try process.run()
        process.waitUntilExit()
        let words = String(decoding: try Data(contentsOf: complaint), as: UTF8.self)
        try #require(
            process.terminationStatus == 0,
            "protoc (package protobuf-compiler) ended with \(process.terminationStatus): \(words)")
        return Array(try Data(contentsOf: target))
    }
}
