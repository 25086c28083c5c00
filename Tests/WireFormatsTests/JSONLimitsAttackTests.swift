import Testing
import WireFormats

/// Texts that are designed to take many times their size in memory.
@Suite("Limits of a JSON text", .timeLimit(.minutes(5)))
struct JSONLimitsAttackTests {
    private static let limits = JSONLimits(bytes: 1_000, nodes: 50, depth: 7)

    private static func exceeded(_ text: String, _ limits: JSONLimits = limits) -> JSONLimits.Bound? {
        do throws(JSONSyntaxError) {
            _ = try JSON(parsing: text, limits: limits)
            return nil
        } catch {
            return error.exceeded
        }
    }

    @Test("a JSON text is read up to each limit, and one more byte, value or level is refused")
    func edges() throws {
        let wide = { (count: Int) in "[" + String(repeating: "0,", count: count - 2) + "0]" }
        #expect(Self.exceeded(wide(50)) == nil)
        #expect(Self.exceeded(wide(51)) == .nodes)
        let deep = { (depth: Int) in
            String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        }
        #expect(Self.exceeded(deep(7)) == nil)
        #expect(Self.exceeded(deep(8)) == .depth)
        let long = { (bytes: Int) in "\"" + String(repeating: "x", count: bytes - 2) + "\"" }
        #expect(Self.exceeded(long(1_000)) == nil)
        #expect(Self.exceeded(long(1_001)) == .bytes)
    }

    @Test(
        "a JSON text of empty members is refused at its first value above the limit, regardless of the rest",
        arguments: [#""a":{},"#, #""a":[],"#, #""a":null,"#, #""":"","#, #""a":{"b":{}},"#])
    func emptyMembers(member: String) {
        let text = "{" + String(repeating: member, count: 300_000)
        let limits = JSONLimits(bytes: .max, nodes: 2_048)
        let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text, limits: limits) }
        #expect(error?.exceeded == .nodes)
        #expect(error.map { $0.offset < 4_096 * member.utf8.count } == true)
    }

    @Test("the standard limits apply to a JSON text without explicit ones")
    func standard() {
        let text = "[" + String(repeating: "[],", count: JSONLimits.standard.nodes) + "0]"
        #expect(Self.exceeded(text, .standard) == .nodes)
        #expect(Self.exceeded(text, .trusted) == nil)
    }

    @Test("the size of a JSON tree counts its values, its levels and the bytes of its compact text")
    func size() throws {
        let json = try JSON(parsing: #" {"a": [1, {"b": []}, "é"], "": null} "#)
        #expect(json.size == JSONSize(bytes: 31, nodes: 7, depth: 4))
        #expect(JSON.string("").size == JSONSize(bytes: 2, nodes: 1, depth: 0))
    }
}
