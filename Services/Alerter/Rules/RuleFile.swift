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
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return RuleFile(rules: try Reader(file: name, lines: lines, catalogue: catalogue).file(root))
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
        /// The file's own, for the place of an error in a text of it.
        let lines: [Substring]
        let catalogue: SeriesCatalogue

        func file(_ root: YAMLNode) throws(RuleError) -> [Rule] {
            let fields = try mapping(root, "a rule file", ["groups"])
            guard let groups = fields["groups"] else { throw error(root, "a rule file begins with 'groups:'") }
            var rules: [Rule] = []
            for group in try sequence(groups, "groups") {
                for (rule, node) in try self.group(group) {
                    guard !rules.contains(where: { $0.name == rule.name }) else {
                        throw error(node, "two alerts are called '\(rule.name)': names tell alerts apart")
                    }
                    rules.append(rule)
                }
            }
            return rules
        }

        /// The rules of a group, each with its place.
        private func group(_ node: YAMLNode) throws(RuleError) -> [(Rule, YAMLNode)] {
            let fields = try mapping(node, "a group", ["name", "rules", "interval", "labels", "limit", "query_offset"])
            for word in ["limit", "query_offset"] {
                if let field = fields[word] { throw error(field, "'\(word)' is not part of the subset evaluated here") }
            }
            let name = try scalar(fields["name"], "a group's name", at: node)
            // A group's interval is read for compatibility: rules are evaluated when data arrives, not at intervals.
            if let interval = fields["interval"] { _ = try duration(interval, "interval") }
            let common = try labels(fields["labels"])
            guard let list = fields["rules"] else { throw error(node, "group '\(name)' has no 'rules:'") }
            var rules: [(Rule, YAMLNode)] = []
            for rule in try sequence(list, "rules") { rules.append((try self.rule(rule, group: name, common), rule)) }
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
            if let reason = neverEvaluated(expression.seriesNames) { throw error(source, "alert '\(name)': \(reason)") }
            return Rule(
                group: group, name: name, expression: expression, text: text,
                holdFor: try fields["for"].map { (node) throws(RuleError) in try duration(node, "for") } ?? 0,
                keepFiringFor: try fields["keep_firing_for"].map { (node) throws(RuleError) in
                    try duration(node, "keep_firing_for")
                } ?? 0,
                labels: common.merging(try labels(fields["labels"])) { _, own in own },
                annotations: try templates(fields["annotations"], "annotations"))
        }

        /// Why parts of an expression over these series would never be looked at; nil when all are.
        private func neverEvaluated(_ names: [String]) -> String? {
            let (storage, silent) = (SeriesCatalogue.Own.storageUp, SeriesCatalogue.Own.silentSeconds)
            if names.contains(storage), let other = names.first(where: { $0 != storage }) {
                return "'\(storage)' is of the alerter and '\(other)' of a server: give each a rule of its own"
            }
            let passing = [silent, SeriesCatalogue.Own.intervalSeconds]
            guard let first = names.first, !passing.contains(first), let late = names.first(where: passing.contains)
            else { return nil }
            return
                "'\(late)' grows while nothing comes, and '\(first)' is looked at when it comes: begin with '\(late)'"
        }

        private func labels(_ node: YAMLNode?) throws(RuleError) -> [String: Template] {
            for key in (node?.mapping ?? []).map(\.key) where ["alertname", "instance"].contains(key.string) {
                throw error(key, "the label '\(key.string ?? "")' is set by the alerter")
            }
            return try templates(node, "labels")
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

        /// Where an offset of a text stands in the file. Folding and indentation change nothing but blanks, so that the
        /// characters which are none are counted; an escape in a quoted text counts as what it stands for.
        private func located(_ error: SyntaxError, in node: YAMLNode, _ text: String) -> RuleError {
            let before = text.prefix(error.offset).count { !$0.isWhitespace }
            // Behind the last one is the end of the text: what follows in the file is something else.
            let isEnd = before == text.count { !$0.isWhitespace }
            var (left, index, start) = (isEnd ? before - 1 : before, node.line - 1, node.column - 1)
            if case .scalar(_, quoted: true) = node.content {
                let first = index < lines.count ? lines[index].dropFirst(start).first : nil
                let isBlock = first == "|" || first == ">"
                (index, start) = isBlock ? (index + 1, 0) : (index, start + 1)
            }
            while left >= 0, index < lines.count {
                for (column, character) in lines[index].enumerated().dropFirst(start) where !character.isWhitespace {
                    left -= 1
                    guard left < 0 else { continue }
                    return RuleError(
                        file: file, line: index + 1, column: column + (isEnd ? 2 : 1), message: error.message)
                }
                (index, start) = (index + 1, 0)
            }
            return self.error(node, error.message)
        }
    }
}
