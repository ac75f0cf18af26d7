/// Writes JSON by appending bytes: large answers never exist as a tree.
///
/// 64-bit integers are JSON numbers with all their digits. A reader that has only doubles (JavaScript) rounds what is
/// beyond 2⁵³; the OpenAPI document says so. A double that JSON cannot say is null.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func beginObject() { open(UInt8(ascii: "{")) }
    mutating func endObject() { close(UInt8(ascii: "}")) }
    mutating func beginArray() { open(UInt8(ascii: "[")) }
    mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The name of the next value in an object.
    mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func value(_ text: String?) {
        separate()
        if let text { quote(text) } else { raw("null") }
        needsComma = true
    }

    mutating func value(_ number: Int64?) {
        separate()
        if let number { raw(String(number)) } else { raw("null") }
        needsComma = true
    }

    mutating func value(_ number: Int) { value(Int64(number)) }

    mutating func value(_ number: Double?) {
        separate()
        if let number, number.isFinite { raw(String(describing: number)) } else { raw("null") }
        needsComma = true
    }

    mutating func value(_ flag: Bool?) {
        separate()
        raw(flag.map { $0 ? "true" : "false" } ?? "null")
        needsComma = true
    }

    /// A value that is JSON already.
    mutating func value(json: String?) {
        separate()
        raw(json ?? "null")
        needsComma = true
    }

    mutating func member(_ name: String, _ text: String?) {
        key(name)
        value(text)
    }

    mutating func member(_ name: String, _ number: Int64?) {
        key(name)
        value(number)
    }

    mutating func member(_ name: String, _ number: Int) {
        key(name)
        value(Int64(number))
    }

    mutating func member(_ name: String, _ number: Double?) {
        key(name)
        value(number)
    }

    mutating func member(_ name: String, _ flag: Bool?) {
        key(name)
        value(flag)
    }

    mutating func member(_ name: String, json: String?) {
        key(name)
        value(json: json)
    }

    /// A time in microseconds as RFC 3339 in UTC, or null.
    mutating func member(_ name: String, time: Int64?) {
        key(name)
        value(time.map(RFC3339.text))
    }

    private mutating func open(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<32, 127:
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: [92, 117, 48, 48, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
