import Testing
import WireFormats

@Suite("JSON values")
struct JSONTests {
    private let value: JSON = ["list": [1, 2.5, "x"], "flag": false, "none": nil]

    @Test("members and elements are returned, or nil if they are missing")
    func subscripts() {
        #expect(value["list"]?[0] == 1)
        #expect(value["list"]?[3] == nil)
        #expect(value["list"]?[-1] == nil)
        #expect(value["other"] == nil)
        #expect(value[0] == nil)
        #expect(value["list"]?["x"] == nil)
        #expect(value["none"]?.isNull == true)
    }

    @Test("a value is returned as its own type and nil as any other")
    func typed() {
        #expect(value["flag"]?.boolValue == false)
        #expect(value["flag"]?.intValue == nil)
        #expect(value["flag"]?.doubleValue == nil)
        #expect(value["list"]?[2]?.stringValue == "x")
        #expect(value["list"]?.stringValue == nil)
        #expect(value["list"]?.arrayValue?.count == 3)
        #expect(value.objectValue?.count == 3)
        #expect(value.arrayValue == nil)
    }

    @Test("a number without a fraction is a whole number, if it fits")
    func numbers() {
        #expect(JSON.number(4).intValue == 4)
        #expect(JSON.number(4.5).intValue == nil)
        #expect(JSON.number(1e19).intValue == nil)
        #expect(JSON.number(.nan).intValue == nil)
        #expect(JSON.integer(7).doubleValue == 7)
        #expect(JSON.integer(.max).intValue == .max)
    }

    @Test("a repeated key of a literal keeps its last value")
    func literal() {
        let repeated = JSON(dictionaryLiteral: ("a", 1), ("a", 2))
        #expect(repeated == ["a": 2])
        #expect("\(JSON("a\(1)b"))" == #""a1b""#)
    }
}
