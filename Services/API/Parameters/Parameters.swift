/// The parameters of a request, checked against their declarations.
struct Parameters: Sendable {
    private var values: [String: ParameterValue] = [:]

    /// Reads a query; throws a ``Problem`` for a name that is not declared, one that comes twice, or a wrong value.
    init(_ declared: [Parameter], query: [(name: String, value: String)], path: [String: String] = [:]) throws(Problem)
    {
        for (name, value) in path { values[name] = .text(value) }
        let known = declared.filter { path[$0.name] == nil }
        for (name, text) in query {
            guard let parameter = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).sorted().joined(separator: ", ")
                throw .badParameter(
                    String(name.prefix(50)), "There is no such parameter.",
                    remedy: names.isEmpty ? "This operation has none." : "There are \(names).")
            }
            let value = try Self.parse(text, parameter)
            if case .pairs(let more) = value, case .pairs(let before)? = values[name] {
                values[name] = .pairs(before + more)
            } else if values[name] != nil {
                throw .badParameter(name, "It comes twice.", remedy: "Give it once.")
            } else {
                values[name] = value
            }
        }
        for parameter in known where values[parameter.name] == nil {
            if let fallback = parameter.fallback {
                values[parameter.name] = try Self.parse(fallback, parameter)
            } else if parameter.isRequired {
                throw .badParameter(parameter.name, "It is missing.", remedy: parameter.description)
            }
        }
    }

    func text(_ name: String) -> String? { if case .text(let value)? = values[name] { value } else { nil } }
    func integer(_ name: String) -> Int? { if case .integer(let value)? = values[name] { value } else { nil } }
    func boolean(_ name: String) -> Bool? { if case .boolean(let value)? = values[name] { value } else { nil } }
    func time(_ name: String) -> Int64? { if case .time(let value)? = values[name] { value } else { nil } }
    func duration(_ name: String) -> Int64? { if case .duration(let value)? = values[name] { value } else { nil } }
    func pairs(_ name: String) -> [ParameterValue.Pair] {
        if case .pairs(let value)? = values[name] { value } else { [] }
    }

    private static func parse(_ text: String, _ parameter: Parameter) throws(Problem) -> ParameterValue {
        let name = parameter.name
        switch parameter.kind {
        case .text(let longest):
            guard !text.isEmpty, text.utf8.count <= longest else {
                throw .badParameter(name, "It has 1 to \(longest) bytes.")
            }
            return .text(text)
        case .integer(let range):
            guard let number = Int(text), range.contains(number), text.first != "+" else {
                throw .badParameter(name, "It is a whole number from \(range.lowerBound) to \(range.upperBound).")
            }
            return .integer(number)
        case .boolean:
            guard text == "true" || text == "false" else { throw .badParameter(name, "It is true or false.") }
            return .boolean(text == "true")
        case .time:
            guard let time = RFC3339.parse(text) else {
                throw .badParameter(
                    name, "It is not a time.",
                    remedy: "Write 2026-11-21T10:00:00Z, or Unix time in seconds such as 1795255200.")
            }
            return .time(time)
        case .duration:
            guard let duration = parseDuration(text) else {
                throw .badParameter(
                    name, "It is not a duration.", remedy: "Write a number and a unit: 10s, 5m, 1h, 1d.")
            }
            return .duration(duration)
        case .choice(let options):
            guard options.contains(text) else {
                throw .badParameter(name, "It is one of \(options.joined(separator: ", ")).")
            }
            return .text(text)
        case .cursor:
            guard text.utf8.count <= 1000 else { throw .badParameter(name, "It is not a cursor of ours.") }
            return .text(text)
        case .pairs:
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex, text.utf8.count <= 1000 else {
                throw .badParameter(name, "It is written as name=value.")
            }
            return .pairs([.init(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))])
        }
    }

    /// `10s`, `5m`, `1h`, `1d`, `500ms`, or seconds without a unit, in microseconds.
    private static func parseDuration(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard (1...7).contains(digits.count), digits.first != "0", let number = Int64(digits) else { return nil }
        let unit: Int64
        switch text[digits.endIndex...] {
        case "ms": unit = 1000
        case "s", "": unit = 1_000_000
        case "m": unit = 60_000_000
        case "h": unit = 3_600_000_000
        case "d": unit = 86_400_000_000
        default: return nil
        }
        return number * unit
    }
}
