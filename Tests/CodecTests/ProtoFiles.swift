import Foundation

/// The `.proto` files of `topics/`, read line by line: as much of their grammar as they use.
struct ProtoFiles {
    struct Field: Equatable {
        let name: String
        let number: Int
        let type: String
        let cardinality: String
    }

    private(set) var messages: [String: [Field]] = [:]
    private(set) var enumerations: [String: [String: Int]] = [:]
    private var files: [String: String] = [:]

    static let all = try! ProtoFiles(directory: Protoc.root.appendingPathComponent("topics"))

    static func file(of message: String) -> String? {
        all.files[String(message.split(separator: ".").last!)]
    }

    private init(directory: URL) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
            $0.hasSuffix(".proto")
        }
        for name in names {
            read(try String(contentsOf: directory.appendingPathComponent(name), encoding: .utf8), name)
        }
    }

    private mutating func read(_ text: String, _ file: String) {
        var message: String?
        var enumeration: String?
        for line in text.split(separator: "\n") {
            let code = line.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
            let words = code.split { " =;{}\t".contains($0) }.map(String.init)
            if code.hasPrefix("message ") {
                message = words[1]
                messages[words[1]] = []
                files[words[1]] = file
            } else if code.hasPrefix("enum ") {
                enumeration = words[1]
                enumerations[words[1]] = [:]
            } else if code.hasPrefix("}") {
                message = nil
                enumeration = nil
            } else if let message, words.count >= 3, let number = Int(words.last!) {
                let name = words[words.count - 2]
                messages[message]!.append(
                    Field(
                        name: name, number: number, type: words[words.count - 3],
                        cardinality: words.count == 4 ? words[0] : ""))
            } else if let enumeration, words.count == 2, let number = Int(words[1]) {
                enumerations[enumeration]![words[0]] = number
            }
        }
    }
}
