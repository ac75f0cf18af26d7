import Codec
import Foundation
import Testing
import YAML

/// `topics/*.yaml` and the code say the same.
@Suite struct TopicFileTests {
    private struct File {
        let name: String
        let node: YAMLNode

        func text(_ key: String) throws -> String { try #require(node[key]?.string, "\(name).yaml has no \(key)") }
        func number(_ key: String) throws -> Int { try #require(node[key]?.integer, "\(name).yaml has no \(key)") }
        func names(_ key: String) throws -> [String] {
            try #require(node[key]?.sequence, "\(name).yaml has no \(key)").compactMap(\.string)
        }
    }

    private func files() throws -> [File] {
        try Repository.files("topics", ending: ".yaml").map { path, text in
            let name = path.dropFirst("topics/".count).dropLast(".yaml".count)
            return File(name: String(name), node: try YAMLNode.parse(text, name: path))
        }
    }

    @Test func `There is a file for each topic, and a topic for each file`() throws {
        #expect(try Set(files().map(\.name)) == Set(Topics.all.map(\.name)))
    }

    @Test func `Key, message and version are the code's`() throws {
        for file in try files() {
            let topic = try #require(Topics.all.first { $0.name == file.name })
            #expect(try file.text("key") == topic.key.rawValue, "\(file.name)")
            #expect(try "pganalytics.v1." + file.text("message") == topic.message, "\(file.name)")
            #expect(try file.number("version") == topic.version, "\(file.name)")
            #expect(try !file.text("description").isEmpty)
        }
    }

    @Test func `Files hold the known keys and no other`() throws {
        let known: Set = [
            "description", "key", "message", "version", "producers", "consumers", "partitions", "replicas", "config",
        ]
        for file in try files() {
            let keys = try #require(file.node.mapping).compactMap { $0.key.string }
            #expect(Set(keys) == known, "\(file.name)")
            #expect(try file.number("partitions") > 0 && file.number("replicas") > 0)
        }
    }

    @Test func `A topic's producers are the services that make its records, its consumers the others that name it`()
        throws
    {
        let named = #/\bTopics\.(\w+)/#
        // As the type of an envelope, as a record's topic, and what the writer calls its dead letters' topic.
        let made = #/(?:\bEnvelope\(|\btopic: |\bdeadLetters = )\s*Topics\.(\w+)/#
        var producers: [String: Set<String>] = [:], consumers: [String: Set<String>] = [:]
        // The operator reads any of them for people.
        for service in Repository.services where service != "Operator" {
            let texts = Repository.files("Services/\(service)").map(\.text)
            let makes = Set(texts.flatMap { $0.matches(of: made).map { String($0.1) } })
            let names = Set(texts.flatMap { $0.matches(of: named).map { String($0.1) } })
            for topic in makes { producers[topic, default: []].insert(service.lowercased()) }
            for topic in names.subtracting(makes) { consumers[topic, default: []].insert(service.lowercased()) }
        }
        for file in try files() {
            #expect(try Set(file.names("producers")) == producers[file.name] ?? [], "\(file.name)")
            #expect(try Set(file.names("consumers")) == consumers[file.name] ?? [], "\(file.name)")
        }
    }

    @Test func `Every message fits`() throws {
        for file in try files() {
            let limit = try #require(file.node["config"]?["max.message.bytes"]?.integer, "\(file.name)")
            #expect(Topics.all.first { $0.name == file.name }?.maxMessageBytes == limit, "\(file.name)")
            #expect(
                limit >= Table.messageLimit + 64 * 1_024,
                "\(file.name): the payload, its headers and the batch around it")
            if file.name == Topics.deadletter.name {
                let others = try files().filter { $0.name != file.name }
                let largest = others.compactMap { $0.node["config"]?["max.message.bytes"]?.integer }.max() ?? .max
                #expect(limit >= largest + 64 * 1_024, "a dead letter holds a whole message")
            }
        }
    }

    @Test
    func `What is keyed by instance has as many partitions everywhere, so that a consumer holds all of an instance`()
        throws
    {
        let partitions = try files().filter { try $0.text("key") == TopicKey.instance.rawValue }.map {
            try $0.number("partitions")
        }
        #expect(partitions.count >= 2 && Set(partitions).count == 1)
    }

    @Test func `Compacted topics carry no sequence`() throws {
        let all = try files()
        for file in all where file.node["config"]?["cleanup.policy"]?.string == "compact" {
            #expect(Topics.all.first { $0.name == file.name }?.sequenced == false, "\(file.name)")
        }
    }
}
