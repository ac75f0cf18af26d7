import CYAML

/// libyaml's parser over one text.
final class YAMLEventReader {
    private let name: String
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// libyaml keeps pointers into the struct, so it may not move.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var isOver = false

    init(_ text: String, name: String) {
        self.name = name
        bytes = .allocate(capacity: max(1, text.utf8.count))
        _ = bytes.initialize(from: text.utf8)
        guard yaml_parser_initialize(parser) == 1 else { fatalError("There is no memory for a YAML parser.") }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, text.utf8.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next step, or nil at the end.
    func next() throws(YAMLError) -> YAMLEvent? {
        while !isOver {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
            defer { yaml_event_delete(&event) }
            let mark = event.start_mark
            func made(_ kind: YAMLEvent.Kind, _ anchor: UnsafePointer<yaml_char_t>?) -> YAMLEvent {
                YAMLEvent(
                    kind: kind, anchor: anchor.map { String(cString: $0) }, line: Int(mark.line) + 1,
                    column: Int(mark.column) + 1)
            }
            switch event.type {
            case YAML_STREAM_END_EVENT: isOver = true
            case YAML_DOCUMENT_START_EVENT: return made(.documentStart, nil)
            case YAML_SCALAR_EVENT:
                let scalar = event.data.scalar
                let text = String(
                    decoding: UnsafeRawBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
                // `!!str 12` is a string as "12" is; other tags are not looked at.
                let isText = scalar.tag.map { String(cString: $0) == "tag:yaml.org,2002:str" } ?? false
                return made(.scalar(text, quoted: isText || scalar.style != YAML_PLAIN_SCALAR_STYLE), scalar.anchor)
            case YAML_SEQUENCE_START_EVENT: return made(.sequenceStart, event.data.sequence_start.anchor)
            case YAML_SEQUENCE_END_EVENT: return made(.sequenceEnd, nil)
            case YAML_MAPPING_START_EVENT: return made(.mappingStart, event.data.mapping_start.anchor)
            case YAML_MAPPING_END_EVENT: return made(.mappingEnd, nil)
            case YAML_ALIAS_EVENT: return made(.alias(String(cString: event.data.alias.anchor)), nil)
            default: break
            }
        }
        return nil
    }

    private func error() -> YAMLError {
        let state = parser.pointee
        var what = state.problem.map { String(cString: $0) } ?? "it is not YAML"
        if let context = state.context { what = "\(String(cString: context)), \(what)" }
        let mark = state.problem_mark
        if state.error == YAML_READER_ERROR {
            // The reader knows the offset only.
            let before = bytes.prefix(Int(state.problem_offset))
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return YAMLError(.syntax, name: name, line: line, column: before.count - start + 1, what)
        }
        return YAMLError(.syntax, name: name, line: Int(mark.line) + 1, column: Int(mark.column) + 1, what)
    }
}
