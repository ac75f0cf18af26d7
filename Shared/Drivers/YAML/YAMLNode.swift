/// A node of a YAML tree, and where it stands.
public struct YAMLNode: Sendable {
    /// What a node is.
    public enum Content: Sendable {
        /// A text; a quoted or block one is never null, a number or a boolean.
        case scalar(String, quoted: Bool)
        case sequence([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    /// The line, from 1.
    public let line: Int
    /// The column, from 1.
    public let column: Int
    /// What it is.
    public let content: Content

    public init(line: Int, column: Int, content: Content) {
        self.line = line
        self.column = column
        self.content = content
    }

    /// The value of a key, when this is a mapping that has it.
    public subscript(_ key: String) -> YAMLNode? {
        mapping?.first { $0.key.string == key }?.value
    }

    /// The text, when this is a scalar that is not null.
    public var string: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// Whether this is `null`, `~` or nothing at all, unquoted.
    public var isNull: Bool {
        guard case .scalar(let text, let quoted) = content, !quoted else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The number, when this is an unquoted integer (`12`, `-3`, `0x1F`, `0o17`).
    public var integer: Int? {
        guard let text = plain else { return nil }
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8) }
        return Int(text)
    }

    /// The number, when this is an unquoted one.
    public var double: Double? {
        guard let text = plain else { return nil }
        switch text {
        case ".inf", ".Inf", "+.inf": return .infinity
        case "-.inf", "-.Inf": return -.infinity
        case ".nan", ".NaN", ".NAN": return .nan
        default:
            // Swift also reads "nan", "infinity" and hexadecimal floats, which are strings in YAML.
            guard text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) else {
                return integer.map(Double.init)
            }
            return Double(text)
        }
    }

    /// The truth value, when this is an unquoted `true` or `false` (YAML 1.2: `yes` and `on` are strings).
    public var boolean: Bool? {
        switch plain {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// The elements, when this is a sequence.
    public var sequence: [YAMLNode]? {
        guard case .sequence(let nodes) = content else { return nil }
        return nodes
    }

    /// The keys and values in the order of the text, when this is a mapping.
    public var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs
    }

    /// What it is, as one says it: for errors.
    public var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : boolean != nil ? "a boolean" : double != nil ? "a number" : "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    private var plain: String? {
        guard case .scalar(let text, quoted: false) = content else { return nil }
        return text
    }
}
