import YAML

/// One file of `topics/`: what a topic has to be. The file's name is the topic's, without its prefix.
struct TopicDeclaration: Sendable, Hashable {
    let name: String
    let description: String
    let key: String
    let message: String
    let version: Int
    let producers: [String]
    let consumers: [String]
    let partitions: Int
    let replicas: Int
    let configuration: [String: String]
}

/// A mistake in a declaration: where, what, and what to write instead.
struct TopicDeclarationError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ place: String, _ node: YAMLNode?, _ what: String) {
        description = node.map { "\(place):\($0.line):\($0.column): \(what)" } ?? "\(place): \(what)"
    }
}

extension TopicDeclaration {
    private static let keys = [
        "description", "key", "message", "version", "producers", "consumers", "partitions", "replicas", "config",
    ]

    /// Reads a declaration; `place` is what errors call the file.
    static func parse(_ text: String, name: String, place: String) throws -> TopicDeclaration {
        guard !name.isEmpty, name.count <= 200, name.utf8.allSatisfy(isNameByte) else {
            throw TopicDeclarationError(
                place, nil, "\"\(name)\" is no name of a topic; use letters, digits, full stops, underscores and dashes"
            )
        }
        let root = try YAMLNode.parse(text, name: place)
        guard let mapping = root.mapping else {
            throw TopicDeclarationError(
                place, root,
                "this is \(root.kind); a declaration is a mapping with the keys \(keys.joined(separator: ", "))")
        }
        for (key, _) in mapping where !keys.contains(key.string ?? "") {
            throw TopicDeclarationError(
                place, key,
                "\"\(key.string ?? key.kind)\" is no key of a declaration; there are \(keys.joined(separator: ", "))")
        }
        let reader = Reader(place: place, root: root)
        return TopicDeclaration(
            name: name, description: try reader.text("description"), key: try reader.text("key"),
            message: try reader.text("message"), version: try reader.count("version", 1...1_000_000),
            producers: try reader.names("producers"), consumers: try reader.names("consumers"),
            partitions: try reader.count("partitions", 1...10_000), replicas: try reader.count("replicas", 1...100),
            configuration: try reader.configuration())
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// What must hold between declarations: topics keyed by instance are read together by partition number, so they
    /// have equally many.
    static func checkTogether(_ topics: [TopicDeclaration]) throws {
        let together = topics.filter { $0.key == sharedKey }
        guard let first = together.first, let other = together.first(where: { $0.partitions != first.partitions })
        else {
            return
        }
        throw TopicDeclarationError(
            "\(other.name).yaml", nil,
            "partitions is \(other.partitions), but \(first.partitions) in \(first.name).yaml; topics keyed by "
                + "\(sharedKey) must have equally many, so that one consumer of a group holds everything of an instance"
        )
    }

    /// The key whose topics have equal partition counts and grow together.
    static let sharedKey = "instance"

    private struct Reader {
        let place: String
        let root: YAMLNode

        func node(_ key: String) throws -> YAMLNode {
            guard let node = root[key] else {
                throw TopicDeclarationError(place, root, "\"\(key)\" is missing; add it")
            }
            return node
        }

        func text(_ key: String) throws -> String {
            let node = try node(key)
            guard let text = node.string, !text.isEmpty else {
                throw TopicDeclarationError(place, node, "\(key) is \(node.kind); give a text")
            }
            return text
        }

        func count(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
            let node = try node(key)
            guard let number = node.integer, range.contains(number) else {
                throw TopicDeclarationError(
                    place, node,
                    "\(key) is \(node.string.map { "\"\($0)\"" } ?? node.kind); give a whole number from "
                        + "\(range.lowerBound) to \(range.upperBound)"
                )
            }
            return number
        }

        func names(_ key: String) throws -> [String] {
            let node = try node(key)
            guard let items = node.sequence else {
                throw TopicDeclarationError(
                    place, node, "\(key) is \(node.kind); give a list of services, like [writer]")
            }
            return try items.map { item in
                guard let name = item.string else {
                    throw TopicDeclarationError(place, item, "\(item.kind) in \(key); give the name of a service")
                }
                return name
            }
        }

        func configuration() throws -> [String: String] {
            let node = try node("config")
            guard let pairs = node.mapping else {
                throw TopicDeclarationError(
                    place, node, "config is \(node.kind); give a mapping of Kafka's topic settings")
            }
            var result: [String: String] = [:]
            for (key, value) in pairs {
                guard let name = key.string, let text = value.string else {
                    throw TopicDeclarationError(
                        place, value,
                        "config.\(key.string ?? "?") is \(value.kind); give one value, a list as a text with commas")
                }
                result[name] = text
            }
            return result
        }
    }
}
