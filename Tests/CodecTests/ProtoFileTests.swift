import Codec
import Testing

/// The field lists of the `.proto` files and of the Swift messages are the same.
@Suite struct ProtoFileTests {
    @Test func `Every message of the files is in Swift, and no other`() {
        let swift = Set(MessageSamples.full.map { type(of: $0).name })
        #expect(swift == Set(ProtoFiles.all.messages.keys.map { "pganalytics.v1." + $0 }))
    }

    @Test(arguments: MessageSamples.full.indices)
    func `A message has the same fields in Swift and in its file`(_ index: Int) throws {
        let message = MessageSamples.full[index]
        let name = String(type(of: message).name.split(separator: ".").last!)
        let fields = try #require(ProtoFiles.all.messages[name])
        #expect(fields.map(\.number) == Array(1...fields.count), "numbered in order, without holes")
        var labels = Mirror(reflecting: message).children.map { TextFormat.snake($0.label!) }
        // A table's columns are two lists on the wire.
        if message is Table { labels.append("values") }
        #expect(fields.map(\.name) == labels)
    }

    @Test func `Every field of every file is written when it is set`() throws {
        for message in MessageSamples.full {
            let name = String(type(of: message).name.split(separator: ".").last!)
            let written = try Set(numbers(message.encoded()))
            #expect(written == Set(ProtoFiles.all.messages[name]!.map(\.number)), "\(name)")
        }
    }

    @Test func `Enumerations have the same numbers in Swift and in their files`() {
        func check<E: CaseIterable & RawRepresentable<UInt8>>(_: E.Type, _ name: String, _ prefix: String) {
            var cases: [String: Int] = [:]
            for value in E.allCases { cases[prefix + TextFormat.snake("\(value)").uppercased()] = Int(value.rawValue) }
            var file = ProtoFiles.all.enumerations[name] ?? [:]
            file[prefix + "UNSPECIFIED"] = nil
            #expect(cases == file, "\(name)")
        }
        check(Unit.self, "Unit", "UNIT_")
        check(ColumnKind.self, "ColumnKind", "COLUMN_KIND_")
        check(ValueType.self, "ValueType", "VALUE_TYPE_")
        check(Finding.State.self, "FindingState", "FINDING_STATE_")
        check(AlertEvent.Kind.self, "AlertEventKind", "ALERT_EVENT_KIND_")
        check(AlertEvent.State.self, "AlertState", "ALERT_STATE_")
        check(AlertEvent.DeliveryStatus.self, "DeliveryStatus", "DELIVERY_STATUS_")
        #expect(ProtoFiles.all.enumerations.count == 7)
    }

    private func numbers(_ bytes: [UInt8]) throws -> [Int] {
        var reader = WireReader(bytes.span.bytes)
        var numbers: [Int] = []
        while let field = try reader.next() {
            numbers.append(field.number)
            try reader.skip(field)
        }
        return numbers
    }
}
