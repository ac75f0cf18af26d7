import Foundation
import YAML

/// A file of alerting rules in Prometheus' format.
struct RuleFile: Sendable, Equatable {
    let rules: [Rule]

    init(rules: [Rule]) {
        self.rules = rules
    }

    /// Reads a file's text; the first thing that cannot be used is thrown with line, column and reason.
    static func parse(_ text: String, name: String, catalogue: SeriesCatalogue) throws -> RuleFile {
        let root = try YAMLNode.parse(text, name: name)
        return RuleFile(rules: try Reader(file: name, catalogue: catalogue).file(root))
    }

    /// Reads a file, over the series there are.
    static func read(_ path: String) throws -> RuleFile {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw AlerterError("\(path): the rule file is not there or may not be read")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AlerterError("\(path): the rule file is not UTF-8")
        }
        return try parse(text, name: path, catalogue: .codec)
    }

    private struct Reader {
        let file: String
        let catalogue: SeriesCatalogue

        func file(_ root: YAMLNode) throws(RuleError) -> [Rule] {
            let fields = try mapping(root, "a rule file", ["groups"])
            guard let groups = fields["groups"] else { throw error(root, "a rule file begins with 'groups:'") }
            var rules: [Rule] = []
            for group in try sequence(groups, "groups") { rules += try self.group(group) }
            for (index, rule) in rules.enumerated() where rules[..<index].contains(where: { $0.name == rule.name }) {
                throw error(root, "two alerts are called '\(rule.name)': names tell alerts apart")
            }
            return rules
        }

        private func group(_ node: YAMLNode) throws(RuleError) -> [Rule] {
            let fields = try mapping(node, "a group", ["name", "rules", "interval", "labels", "limit", "query_offset"])
            for word in ["limit", "query_offset"] {
                if let field = fields[word] { throw error(field, "'\(word)' is not part of the subset evaluated here") }
            }
            let name = try scalar(fields["name"], "a group's name", at: node)
            // A group's interval is read for compatibility: rules are evaluated when data arrives, not at intervals.
            if let interval = fields["interval"] { _ = try duration(interval, "interval") }
            let common = try templates(fields["labels"], "labels")
            guard let list = fields["rules"] else { throw error(node, "group '\(name)' has no 'rules:'") }
            var rules: [Rule] = []
            for rule in try sequence(list, "rules") { rules.append(try self.rule(rule, group: name, common)) }
            return rules
        }

        private func rule(_ node: YAMLNode, group: String, _ common: [String: Template]) throws(RuleError) -> Rule {
            let fields = try mapping(
                node, "a rule", ["alert", "expr", "for", "keep_firing_for", "labels", "annotations", "record"])
            if let record = fields["record"] {
                throw error(record, "recording rules are not part of the subset evaluated here")
            }
            let name = try scalar(fields["alert"], "an alert's name ('alert:')", at: node)
            guard let source = fields["expr"] else { throw error(node, "alert '\(name)' has no 'expr:'") }
            let text = try scalar(source, "an expression", at: node)
            let expression: Expression
            do throws(SyntaxError) {
                expression = try ExpressionParser.parse(text, catalogue: catalogue)
            } catch {
                throw located(error, in: source, text)
            }
            guard !expression.isScalar else {
                throw error(source, "alert '\(name)' looks at no series: its expression is a number")
            }
            var labels = common
            for (key, template) in try templates(fields["labels"], "labels") { labels[key] = template }
            for reserved in ["alertname", "instance"] where labels[reserved] != nil {
                throw error(fields["labels"] ?? node, "the label '\(reserved)' is set by the alerter")
            }
            return Rule(
                group: group, name: name, expression: expression, text: text,
                holdFor: try fields["for"].map { (node) throws(RuleError) in try duration(node, "for") } ?? 0,
                keepFiringFor: try fields["keep_firing_for"].map { (node) throws(RuleError) in
                    try duration(node, "keep_firing_for")
                } ?? 0,
                labels: labels, annotations: try templates(fields["annotations"], "annotations"))
        }

        private func templates(_ node: YAMLNode?, _ what: String) throws(RuleError) -> [String: Template] {
            guard let node else { return [:] }
            guard case .mapping(let pairs) = node.content else {
                throw error(node, "'\(what)' is a mapping of names to texts")
            }
            var templates: [String: Template] = [:]
            for (key, value) in pairs {
                guard let name = key.string else { throw error(key, "a name was expected in '\(what)'") }
                let text = try scalar(value, "the text of '\(name)'", at: value)
                do throws(SyntaxError) {
                    templates[name] = try Template(text, catalogue: catalogue)
                } catch {
                    throw located(error, in: value, text)
                }
            }
            return templates
        }

        private func mapping(
            _ node: YAMLNode, _ what: String, _ known: [String]
        ) throws(RuleError) -> [String: YAMLNode] {
            guard case .mapping(let pairs) = node.content else { throw error(node, "\(what) is a mapping") }
            var fields: [String: YAMLNode] = [:]
            for (key, value) in pairs {
                guard let name = key.string, known.contains(name) else {
                    throw error(
                        key, "\(what) has no field '\(key.string ?? "?")' (known: \(known.joined(separator: ", ")))")
                }
                guard fields.updateValue(value, forKey: name) == nil else {
                    throw error(key, "'\(name)' is there twice")
                }
            }
            return fields
        }

        private func sequence(_ node: YAMLNode, _ what: String) throws(RuleError) -> [YAMLNode] {
            switch node.content {
            case .sequence(let nodes): return nodes
            default: throw error(node, "'\(what)' is a list")
            }
        }

        private func scalar(_ node: YAMLNode?, _ what: String, at parent: YAMLNode) throws(RuleError) -> String {
            guard let node else { throw error(parent, "\(what) is missing") }
            guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                throw error(node, "\(what) is a text")
            }
            return text
        }

        private func duration(_ node: YAMLNode, _ what: String) throws(RuleError) -> Int64 {
            let text = node.string ?? ""
            guard let value = PrometheusDuration.parse(text) else {
                throw error(node, "'\(what)' is a duration like 30s, 5m or 1h30m, not '\(text)'")
            }
            return value
        }

        private func error(_ node: YAMLNode, _ message: String) -> RuleError {
            RuleError(file: file, line: node.line, column: node.column, message: message)
        }

        /// Where an offset of a text stands in the file: exact for a text on one line; in a block (`|`, `>`) the line is
        /// counted from the block's first, and the column is that of the text.
        private func located(_ error: SyntaxError, in node: YAMLNode, _ text: String) -> RuleError {
            let before = text.prefix(error.offset)
            let lines = before.count { $0 == "\n" }
            let inLine =
                before.count
                - (before.lastIndex(of: "\n").map { before.distance(from: before.startIndex, to: $0) + 1 } ?? 0)
            guard text.contains("\n") else {
                let quote = if case .scalar(_, true) = node.content { 1 } else { 0 }
                return RuleError(
                    file: file, line: node.line, column: node.column + error.offset + quote, message: error.message)
            }
            return RuleError(file: file, line: node.line + lines + 1, column: inLine + 1, message: error.message)
        }
    }
}
