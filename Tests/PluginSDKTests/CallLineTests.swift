import PluginProtocol
import Testing
import WireFormats

@testable import PluginSDK

@Suite struct CallLineTests {
    private func read(_ line: String, metricType: String = "test") -> CallLine? {
        CallLine(Array(line.utf8)[...], middle: CallLine.middle(metricType: metricType))
    }

    private static func line(
        id: String = "7", config: String = #"{"a":[1,"}"]}"#, targetType: String = "Value", deadlineMs: String = "500",
        type: String = "test"
    ) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"get_metric_value","params":{"type":"\#(type)","config":\#(config),"#
            + #""targetType":"\#(targetType)","deadlineMs":\#(deadlineMs)}}"#
    }

    @Test("a call that the host writes is parsed by the fast reader")
    func callHostWrites() throws {
        for targetType in TargetType.allCases {
            let config: JSON = ["query": "sum(rate(a{b=\"c\"}[5m]))", "nested": ["é": [1, ["}", "\\"]]]]
            let request = PluginRequest.getMetricValue(type: "test", config: config, targetType: targetType)
            let line = request.line(id: 123_456, deadlineMs: 9_999)
            let call = try #require(CallLine(line.dropLast(), middle: CallLine.middle(metricType: "test")))
            #expect(call.id == 123_456)
            #expect(call.targetType == targetType)
            #expect(call.deadlineMs == 9_999)
            #expect(try JSON(parsing: call.config.bytes) == config)
        }
    }

    @Test("a metric type with a quote is matched in its escaped form")
    func metricTypeQuote() {
        #expect(read(Self.line(type: #"a\"b"#), metricType: "a\"b") != nil)
    }

    @Test(
        "a call in any other form is left to the general reader",
        arguments: [
            line(id: "-1"), line(id: "1.0"), line(id: "\"7\""), line(id: "07"), line(id: "1234567890123456789"),
            line(config: "7"), line(config: ""), line(config: #"{},"more":{}"#), line(config: "{"),
            line(config: #"{"a":"}"#),
            line(config: #"[{}]"#), line(config: "{}}"), line(targetType: "Utilization"), line(deadlineMs: "0"),
            line(deadlineMs: "-5"), line(deadlineMs: "5e3"), line(deadlineMs: "99999999999"), line(deadlineMs: ""),
            line(type: "other"), line() + " ", " " + line(), "", "}}", "{}",
        ])
    func callFormLeft(line: String) {
        #expect(read(line) == nil)
    }

    /// The two readers must agree on every request.
    @Test(
        "the fast and the general reader read a call the same way",
        arguments: [
            line(), line(config: "{}"), line(config: #"{"a":{"b":[]},"c":"\"}"}"#), line(id: "0"),
            line(targetType: "AverageValue", deadlineMs: "2147483647"),
        ])
    func fastGeneralReader(line: String) throws {
        let call = try #require(read(line))
        guard case .request(let id, "get_metric_value", let params) = try HostMessage.decode(line.utf8) else {
            throw SessionScript.Unexpected()
        }
        let general = try GetMetricValueParams(JSONReader(params))
        #expect(id == .integer(call.id))
        #expect(general.targetType == call.targetType)
        #expect(general.deadlineMs == call.deadlineMs)
        #expect(try general.config == JSON(parsing: call.config.bytes))
    }

    @Test("every prefix of a call line is refused without a trap")
    func prefixCallLine() {
        let line = Self.line()
        for count in 0..<line.utf8.count { #expect(read(String(line.prefix(count))) == nil) }
    }
}
