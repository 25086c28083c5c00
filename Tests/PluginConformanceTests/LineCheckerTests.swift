import Testing
import WireFormats

@testable import PluginConformance

@Suite("The line checker")
struct LineCheckerTests {
    private func brokenRule(_ line: [UInt8]) -> (rule: RuleID, id: Int64?)? {
        guard case .broken(let finding, let id) = LineChecker.check(line) else { return nil }
        return (finding.rule, id)
    }

    @Test(
        "a line is checked against the rules of framing",
        arguments: [
            ("hello", RuleID.oneObjectPerLine, nil),
            ("3", .oneObjectPerLine, nil),
            (#"{"jsonrpc":"2.0","id":7,"result":{}"#, .oneObjectPerLine, 7),
            ("\u{FEFF}" + #"{"jsonrpc":"2.0","id":7,"result":{}}"#, .utf8, 7),
            ("[]", .responseShape, nil),
            (#"{"id":7,"result":{}}"#, .responseShape, 7),
            (#"{"jsonrpc":"2.0","result":{}}"#, .responseShape, nil),
            (#"{"jsonrpc":"2.0","id":7}"#, .responseShape, 7),
            (#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#, .responseShape, 7),
            (#"{"jsonrpc":"2.0","id":"7","result":{}}"#, .oneAnswer, nil),
            (#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#, .responseShape, 7),
            (#"{"jsonrpc":"2.0","method":"ping"}"#, .responseShape, nil),
            (#"{"jsonrpc":"2.0","method":"log","params":{"message":3}}"#, .responseShape, nil),
            (#"{"jsonrpc":"2.0","id":7,"result":{"value":NaN}}"#, .finiteValue, 7),
            (#"{"jsonrpc":"2.0","id":7,"result":{"value":-Infinity}}"#, .finiteValue, 7),
            (#"{"jsonrpc":"2.0","id":7,"result":{"value":1e400}}"#, .finiteValue, 7),
        ])
    func broken(line: String, rule: RuleID, id: Int64?) {
        let broken = brokenRule(Array(line.utf8))
        #expect(broken?.rule == rule)
        #expect(broken?.id == id)
    }

    @Test("the finding for a line with invalid UTF-8 shows its bytes")
    func evidence() {
        let line = Array(#"{"jsonrpc":"2.0","id":7,"result":"#.utf8) + [0x22, 0xC3, 0x22, 0x7D]
        guard case .broken(let finding, 7) = LineChecker.check(line) else {
            Issue.record("the line is not broken")
            return
        }
        #expect(finding.evidence?.hasSuffix(#""result":"\xC3"}"#) == true)
    }

    @Test("a blank line is skipped", arguments: ["", "  ", "\r", "\t"])
    func blank(_ line: String) {
        guard case .blank = LineChecker.check(Array(line.utf8)) else {
            Issue.record("not blank")
            return
        }
    }

    @Test(
        "a line with an error is checked against the table of errors",
        arguments: [
            (#"{"code":1003,"message":"no"}"#, nil),
            (#"{"code":1003,"message":"no","data":{"kind":"source_unreachable","retryable":true}}"#, nil),
            (#"{"code":1003,"message":"no","data":{"kind":"busy"}}"#, "error.data.kind"),
            (#"{"code":42,"message":"no"}"#, "error.code 42"),
            (#"{"code":1003}"#, "error.message"),
            (#"{"message":"no"}"#, "error.code"),
            (#""no""#, "error is a string"),
            (#"{"code":1005,"message":"no","data":{"retryAfterMs":-1}}"#, "error.data.retryAfterMs"),
        ])
    func error(json: String, fault: String?) throws {
        let found = AnswerError(try JSON(parsing: json)).fault
        #expect(fault.map { found?.hasPrefix($0) == true } ?? (found == nil), "\(found ?? "no fault")")
    }

    @Test("the evidence shows control characters and invalid UTF-8 as escapes and is truncated")
    func text() {
        #expect(Evidence.text(Array("a\u{0}\n\u{2028}é".utf8) + [0xFF]) == #"a\u{0}\n\u{2028}é\xFF"#)
        #expect(Evidence.text([UInt8](repeating: 0x61, count: 500), limit: 3) == "aaa... (500 bytes)")
    }
}
