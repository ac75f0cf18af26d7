/// One step of libyaml's walk through a text.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case scalar(String, quoted: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        case alias(String)
    }

    let kind: Kind
    let anchor: String?
    let line: Int
    let column: Int
}
