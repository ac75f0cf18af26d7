/// Makes a tree of steps, inside the limits.
struct YAMLTreeBuilder {
    private struct Open {
        let event: YAMLEvent
        let isMapping: Bool
        var nodes: [YAMLNode] = []
        /// The keys so far, of a mapping.
        var keys: [String: Int] = [:]
        /// How many nodes there are in it, itself included.
        var size = 1
    }

    private let name: String
    private let limits: YAMLLimits
    private var open: [Open] = []
    private var anchors: [String: (node: YAMLNode, size: Int)] = [:]
    private var total = 0
    private var documents = 0
    /// The document, once it is complete.
    private(set) var root: YAMLNode?

    init(name: String, limits: YAMLLimits) {
        self.name = name
        self.limits = limits
    }

    mutating func take(_ event: YAMLEvent) throws(YAMLError) {
        switch event.kind {
        case .documentStart:
            documents += 1
            if documents > 1 { throw error(.unsupported, event, "a second document begins here; one file holds one") }
        case .scalar(let text, let quoted):
            try add(node(event, .scalar(text, quoted: quoted)), size: 1, event)
        case .alias(let anchor):
            guard let (target, size) = anchors[anchor] else {
                let isOpen = open.contains { $0.event.anchor == anchor }
                throw error(
                    .unsupported, event,
                    isOpen
                        ? "the alias *\(anchor) stands inside what it means"
                        : "there is no &\(anchor) before this alias")
            }
            try add(target, size: size, event)
        case .sequenceStart, .mappingStart:
            guard open.count < limits.depth else {
                throw error(.limit, event, "it is nested deeper than \(limits.depth) levels")
            }
            if case .mappingStart = event.kind {
                open.append(Open(event: event, isMapping: true))
            } else {
                open.append(Open(event: event, isMapping: false))
            }
        case .sequenceEnd:
            let done = open.removeLast()
            try add(node(done.event, .sequence(done.nodes)), size: done.size, done.event)
        case .mappingEnd:
            let done = open.removeLast()
            let pairs = stride(from: 0, to: done.nodes.count - 1, by: 2).map { (done.nodes[$0], done.nodes[$0 + 1]) }
            try add(node(done.event, .mapping(pairs.map { (key: $0.0, value: $0.1) })), size: done.size, done.event)
        }
    }

    private mutating func add(_ node: YAMLNode, size: Int, _ event: YAMLEvent) throws(YAMLError) {
        if case .alias = event.kind { total += size } else { total += 1 }
        guard total <= limits.nodes else {
            throw error(.limit, event, "it has more than \(limits.nodes) values, those of aliases counted")
        }
        if let anchor = event.anchor { anchors[anchor] = (node, size) }
        guard var parent = open.popLast() else {
            root = node
            return
        }
        if parent.isMapping && parent.nodes.count.isMultiple(of: 2) {
            guard case .scalar(let text, _) = node.content else {
                throw error(.unsupported, event, "the key of a mapping has to be a text")
            }
            if let line = parent.keys.updateValue(event.line, forKey: text) {
                throw error(.duplicateKey, event, "the key \(text) is here for the second time, first in line \(line)")
            }
        }
        parent.nodes.append(node)
        parent.size += size
        open.append(parent)
    }

    private func node(_ event: YAMLEvent, _ content: YAMLNode.Content) -> YAMLNode {
        YAMLNode(line: event.line, column: event.column, content: content)
    }

    private func error(_ code: YAMLError.Code, _ event: YAMLEvent, _ what: String) -> YAMLError {
        YAMLError(code, name: name, line: event.line, column: event.column, what)
    }
}
