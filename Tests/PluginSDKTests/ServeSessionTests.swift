import PluginProtocol
import Testing
import WireFormats

@testable import PluginSDK

@Suite struct ServeSessionTests {
    private let reading = MetricReading(value: 5, observedAtMicroseconds: 0)

    // MARK: Handshake

    @Test("the answer to initialize contains the plugin, its metric type and its capabilities")
    func answerInitializeContains() throws {
        var script = SessionScript(maxInFlight: 3)
        guard case .result(0, let json) = try script.answer(to: SessionScript.initialize) else {
            throw SessionScript.Unexpected()
        }
        let result = try InitializeResult(JSONReader(json))
        #expect(result.protocolVersion == 1)
        #expect(result.pluginName == "test")
        #expect(result.metricTypes.map(\.type) == ["test", "other"])
        #expect(result.capabilities == PluginCapabilities(maxInFlight: 3, cancel: true))
    }

    @Test("a call is of the metric type that it names, in the host's form and in any other")
    func callMetricType() throws {
        var script = SessionScript.serving(maxInFlight: 4)
        #expect(try script.start(SessionScript.call(1)).metricType == 0)
        let other = SessionScript.call(2).replacing(#""type":"test""#, with: #""type":"other""#)
        #expect(try script.start(other).metricType == 1)
        let spaced = SessionScript.call(3).replacing(#""type":"test""#, with: #""type": "other""#)
        #expect(try script.start(spaced).metricType == 1)
        let unknown = SessionScript.call(4).replacing(#""type":"test""#, with: #""type":"third""#)
        #expect(try script.error(to: unknown).message.contains(#"only "test", "other""#))
    }

    @Test("the error without a common version lists the versions that the plugin supports")
    func errorCommonVersion() throws {
        var script = SessionScript()
        let line = SessionScript.initialize.replacing("[2,1]", with: "[7,8]")
        let error = try script.error(to: line)
        #expect(error.kind == .unsupportedVersion)
        #expect(error.message.contains("speaks protocol version 1, the host 7, 8"))
        #expect(try script.error(to: SessionScript.call(1)).kind == .invalidRequest)
    }

    @Test(
        "a request before initialize is refused",
        arguments: ["get_metric_value", "validate_config", "shutdown", "nonsense"])
    func requestInitializeRefused(method: String) throws {
        var script = SessionScript()
        let error = try script.error(to: #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{}}"#)
        #expect(error.kind == .invalidRequest)
        #expect(error.message.contains("before initialize"))
    }

    @Test("a second initialize is refused")
    func secondInitializeRefused() throws {
        var script = SessionScript.serving()
        #expect(try script.error(to: SessionScript.initialize).kind == .invalidRequest)
    }

    // MARK: Framing and requests

    @Test("blank lines are ignored", arguments: ["", "   ", "\r", "\t\r"])
    func blankLinesIgnored(line: String) {
        var script = SessionScript.serving()
        #expect(script.receive(line) == .nothing)
    }

    @Test(
        "an invalid request is answered with the error that JSON-RPC defines for it",
        arguments: [
            ("{", PluginError.Kind.parseError, "null"),
            ("[]", .invalidRequest, "null"),
            (#"{"jsonrpc":"1.0","id":4,"method":"shutdown"}"#, .invalidRequest, "4"),
            (#"{"jsonrpc":"2.0","id":"four","method":"nonsense"}"#, .methodNotFound, "\"four\""),
            (#"{"jsonrpc":"2.0","id":null,"method":"shutdown"}"#, .invalidRequest, "null"),
            (#"{"jsonrpc":"2.0","id":[],"method":"shutdown"}"#, .invalidRequest, "[]"),
            (#"{"jsonrpc":"2.0","id":4,"method":"get_metric_value","params":{}}"#, .invalidParams, "4"),
            (#"{"jsonrpc":"2.0","id":4,"method":"get_metric_value","params":7}"#, .invalidParams, "4"),
            (#"{"jsonrpc":"2.0","id":4,"method":"get_metric_range","params":{}}"#, .methodNotFound, "4"),
        ])
    func invalidRequestAnswered(
        line: String, kind: PluginError.Kind, id: String
    ) throws {
        var script = SessionScript.serving()
        guard case .answer(let bytes) = script.receive(line) else { throw SessionScript.Unexpected() }
        let answer = try JSON(parsing: bytes)
        #expect(answer["error"]?["code"]?.intValue == kind.code)
        #expect(answer["id"]?.description == id)
    }

    @Test("a line above the limit is answered with an error, and the next call is accepted")
    func lineAboveLimit() throws {
        var script = SessionScript.serving()
        guard case .answer(let bytes) = script.session.receive(.overlong, now: script.now) else {
            throw SessionScript.Unexpected()
        }
        #expect(try JSON(parsing: bytes)["error"]?["message"]?.stringValue?.contains("61440 bytes") == true)
        #expect(throws: Never.self) { try script.start(SessionScript.call(1)) }
    }

    @Test("notifications are never answered")
    func notificationsNeverAnswered() {
        var script = SessionScript.serving()
        for method in ["nonsense", "get_metric_value", "cancel", "shutdown"] {
            #expect(script.receive(#"{"jsonrpc":"2.0","method":"\#(method)","params":{"id":9}}"#) == .nothing)
        }
    }

    // MARK: Config

    @Test("validate_config answers with the config's target type or with its problems")
    func validateConfigAnswers() throws {
        var script = SessionScript.serving()
        let line = #"{"jsonrpc":"2.0","id":1,"method":"validate_config","params":{"type":"test","config":{}}}"#
        let good = try script.answer(to: line)
        #expect(good == .result(id: 1, ["valid": true, "targetType": "AverageValue"]))
        let bad = try script.answer(to: line.replacing(#""config":{}"#, with: #""config":{"bad":1}"#))
        #expect(bad == .result(id: 1, ["valid": false, "errors": [["path": "bad", "message": "is bad"]]]))
    }

    @Test("a call for another plugin's metric type is refused with both types")
    func callPluginMetric() throws {
        var script = SessionScript.serving()
        let error = try script.error(to: SessionScript.call(1).replacing(#""type":"test""#, with: #""type":"redis""#))
        #expect(error.kind == .invalidParams)
        #expect(error.message.contains("\"redis\"") && error.message.contains("\"test\""))
    }

    // MARK: Calls

    @Test("calls are answered in the order in which they finish")
    func callsAnsweredOrder() throws {
        var script = SessionScript.serving()
        let first = try script.start(SessionScript.call(1))
        let second = try script.start(SessionScript.call(2))
        #expect(try script.finish(second, .success(reading)).id == 2)
        #expect(try script.finish(first, .success(reading)).id == 1)
    }

    @Test("a call beyond maxInFlight is answered with busy, and another is accepted after an answer")
    func callBeyondMaxInFlight() throws {
        var script = SessionScript.serving(maxInFlight: 1)
        let first = try script.start(SessionScript.call(1))
        #expect(try script.error(to: SessionScript.call(2)).kind == .busy)
        _ = script.session.finish(first.token, .success(.reading(reading)))
        #expect(throws: Never.self) { try script.start(SessionScript.call(3)) }
    }

    @Test("an id of a call in flight cannot be used again")
    func idCallFlight() throws {
        var script = SessionScript.serving()
        let first = try script.start(SessionScript.call(1))
        #expect(try script.error(to: SessionScript.call(1)).kind == .invalidRequest)
        #expect(script.session.finish(first.token, .success(.reading(reading))) != nil)
    }

    @Test("a value that is not finite is no data", arguments: [Double.nan, .infinity, -.infinity])
    func valueFiniteData(value: Double) throws {
        var script = SessionScript.serving()
        let call = try script.start(SessionScript.call(1))
        let outcome = MetricReading(value: value, observedAtMicroseconds: 0)
        let answer = try script.finish(call, .success(outcome))
        #expect(answer.error?.kind == .noData)
    }

    @Test("an answer longer than the host accepts becomes a short error")
    func answerLongerHost() throws {
        var script = SessionScript.serving()
        let call = try script.start(SessionScript.call(1))
        let long = MetricReading(
            value: 1, observedAtMicroseconds: 0, detail: String(repeating: "x", count: 3_000))
        let answer = try script.finish(call, .success(long))
        #expect(answer.error?.kind == .internalError)
        #expect(answer.error?.message.contains("the maximum is 2000") == true)
    }

    // MARK: Cancel, shutdown

    @Test("a cancelled call is answered once")
    func cancelledCallAnswered() throws {
        var script = SessionScript.serving()
        let call = try script.start(SessionScript.call(1))
        let cancel = #"{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}"#
        guard case .abandon(call.token, let bytes) = script.receive(cancel) else { throw SessionScript.Unexpected() }
        #expect(try SessionScript.message(bytes).error?.kind == .cancelled)
        #expect(script.receive(cancel) == .nothing)
        #expect(script.session.finish(call.token, .success(.reading(reading))) == nil)
    }

    @Test("shutdown answers every call and then itself, and ends the session")
    func shutdownAnswersCall() throws {
        var script = SessionScript.serving()
        _ = try script.start(SessionScript.call(1))
        guard case .shutDown(let bytes) = script.receive(#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#) else {
            throw SessionScript.Unexpected()
        }
        let answers = try bytes.split(separator: 0x0A).map { try SessionScript.message(Array($0) + [0x0A]) }
        #expect(answers.first?.error?.kind == .cancelled)
        #expect(answers.last == .result(id: 2, [:]))
        #expect(script.session.isOver(now: script.now))
    }
}

extension PluginMessage {
    var id: Int64? {
        switch self {
        case .result(let id, _), .reading(let id, _), .failure(let id, _): id
        case .notification, .unaddressedFailure: nil
        }
    }

    var error: PluginError? {
        guard case .failure(_, let error) = self else { return nil }
        return error
    }
}
