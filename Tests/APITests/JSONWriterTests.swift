import Foundation
import Testing

@testable import API

@Suite struct JSONWriterTests {
    @Test func `Values are separated and nested`() {
        var json = JSONWriter()
        json.beginObject()
        json.member("a", 1)
        json.key("b")
        json.beginArray()
        json.value("x")
        json.value(Int64.max)
        json.value(1.5)
        json.value(nil as String?)
        json.beginObject()
        json.endObject()
        json.beginArray()
        json.endArray()
        json.value(true)
        json.endArray()
        json.member("c", json: "[1]")
        json.member("d", time: 0)
        json.member("e", time: nil)
        json.endObject()
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":1,"b":["x",9223372036854775807,1.5,null,{},[],true],"c":[1],"d":"1970-01-01T00:00:00Z","e":null}"#
        )
    }

    @Test func `Texts of any kind survive another reader`() throws {
        for text in ["", "\"\\/", "\u{0}\u{1}\u{1f}\u{7f}\n\r\t", "é€😀", "\u{2028}</script>"] {
            var json = JSONWriter()
            json.beginArray()
            json.value(text)
            json.endArray()
            let read = try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String]
            #expect(read == [text])
        }
    }

    @Test func `Numbers survive another reader`() throws {
        for number in [0.0, -0.0, 1e-300, 1.7976931348623157e308, 2.2250738585072014e-308, 0.1, 123456789.125] {
            var json = JSONWriter()
            json.beginArray()
            json.value(number)
            json.endArray()
            #expect(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [Double] == [number])
        }
    }

    @Test func `What JSON cannot say is null`() {
        for number in [Double.nan, .infinity, -.infinity] {
            var json = JSONWriter()
            json.value(number)
            #expect(String(decoding: json.bytes, as: UTF8.self) == "null")
        }
    }
}
