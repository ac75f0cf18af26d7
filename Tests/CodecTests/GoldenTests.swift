import Codec
import Foundation
import Testing

/// The bytes of every released version, frozen: files are added here, never made anew.
///
/// A file that is absent is written only when `PGA_TEST_WRITE_GOLDEN` is set, and never over one that is there.
@Suite struct GoldenTests {
    private static let directory = Protoc.root.appendingPathComponent("Tests/CodecTests/Golden/v1")

    private static func file(_ index: Int) -> String {
        let name = type(of: MessageSamples.full[index]).name.split(separator: ".").last!
        return "\(index < 10 ? "0" : "")\(index)-\(name).bin"
    }

    @Test(arguments: MessageSamples.full.indices)
    func `Version 1 is written and read as on the first day`(_ index: Int) throws {
        let url = Self.directory.appendingPathComponent(Self.file(index))
        if !FileManager.default.fileExists(atPath: url.path),
            ProcessInfo.processInfo.environment["PGA_TEST_WRITE_GOLDEN"] != nil
        {
            try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
            try Data(MessageSamples.full[index].encoded()).write(to: url)
        }
        let bytes = Array(try Data(contentsOf: url))
        func check<M: Message>(_ message: M) throws {
            #expect(try M.decode(bytes) == message)
            #expect(message.encoded() == bytes)
        }
        try check(MessageSamples.full[index])
    }

    @Test func `No golden file is without its message`() throws {
        let there = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path).filter {
            $0.hasSuffix(".bin")
        }
        #expect(Set(there) == Set(MessageSamples.full.indices.map(Self.file)))
    }
}
