import PluginProtocol
import Testing
import WireFormats

@testable import PluginConformance

@Suite("The fix of a finding")
struct FixTests {
    @Test(
        "the fix for a value that is not a number names what to write",
        arguments: [
            (JSON.string("7.25"), "write the number without quotes: \"value\": 7.25"),
            (true, "write a number instead of true"),
            (.null, "\"code\": 1006"), ("many", "\"code\": 1006"), ([1], "write one number"),
        ] as [(JSON, String)])
    func value(value: JSON, fix: String) {
        #expect(Fix.of(value: value).hasPrefix(fix) || Fix.of(value: value).contains(fix))
    }

    @Test(
        "the fix for a time that is not RFC 3339 names what to write",
        arguments: [
            (JSON.string("2026-01-02T03:04:05"), "add Z or an offset"),
            ("2026-01-02T03:04:05.000007", "add Z or an offset"),
            ("2026-01-02T03:04:05+0200", "with a colon: \"2026-01-02T03:04:05+02:00\""),
            ("2026-01-02", "add the time of day"), (1_767_323_045, "as text instead of seconds"),
            ("1767323045", "instead of seconds since 1970"), ("yesterday", "date, T, time of day"),
            (.null, "\"observedAt\":"),
        ] as [(JSON, String)])
    func time(time: JSON, fix: String) {
        let json: JSON = ["value": 1, "observedAt": time]
        #expect(throws: JSONPathError.self) { try MetricReading(JSONReader(json)) }
        do {
            _ = try MetricReading(JSONReader(json))
        } catch {
            #expect(Fix.of(error, in: json)?.contains(fix) == true, "\(Fix.of(error, in: json) ?? "none")")
        }
    }

    @Test(
        "the fix for an invalid verdict or handshake names what to write",
        arguments: [
            (["valid": "true"] as JSON, "write true without quotes"),
            (["valid": false, "errors": ["no"]], "write each error as"),
            ([:], "write \"valid\""),
        ] as [(JSON, String)])
    func verdict(json: JSON, fix: String) {
        do {
            _ = try ValidateConfigResult(JSONReader(json))
            Issue.record("the verdict is read")
        } catch {
            #expect(Fix.of(error, in: json)?.contains(fix) == true, "\(Fix.of(error, in: json) ?? "none") of \(error)")
        }
    }

    @Test(
        "the fix for a malformed message names what to write",
        arguments: [
            (#"{"jsonrpc":"2.0","id":"7","result":{}}"#, "write the number without quotes: \"id\": 7"),
            (#"{"id":7,"result":{}}"#, "write \"jsonrpc\": \"2.0\""),
            (#"{"jsonrpc":"2.0","result":{}}"#, "copy the id"),
            (#"{"jsonrpc":"2.0","id":7}"#, "write {\"result\""),
            (#"{"jsonrpc":"2.0","id":7,"result":null,"error":{}}"#, "omit the other one"),
            (#"{"jsonrpc":"2.0","id":7,"result":{"value":NaN}}"#, "\"code\": 1006"),
        ])
    func message(line: String, fix: String) {
        guard case .broken(let finding, _) = LineChecker.check(Array(line.utf8)) else {
            Issue.record("\(line) is a message")
            return
        }
        #expect(finding.fix?.contains(fix) == true, "\(finding)")
    }

    @Test(
        "the fix for an error outside the protocol names what to write",
        arguments: [
            ("it failed" as JSON, "write {\"code\": 1003"), (["code": "1003", "message": "x"], "\"code\": 1003"),
            (["code": 42, "message": "x"], "-32603"), (["code": 1003], "write \"message\""),
        ] as [(JSON, String)])
    func error(json: JSON, fix: String) { #expect(AnswerError(json).fix?.contains(fix) == true) }
}
