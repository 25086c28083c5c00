import Testing
import WireFormats

@testable import PluginProtocol

@Suite("Messages and their envelopes")
struct EnvelopeTests {
    private func decode(_ line: String) throws(InvalidPluginMessage) -> PluginMessage {
        let attempt: Result<PluginMessage, InvalidPluginMessage> = Array(line.utf8).withUnsafeBytes { bytes in
            do throws(InvalidPluginMessage) {
                return .success(try PluginMessage.decode(line: bytes))
            } catch {
                return .failure(error)
            }
        }
        return try attempt.get()
    }

    @Test("a get_metric_value request that the host encodes is decoded unchanged by the plugin")
    func request() throws {
        let config: JSON = ["query": "up{a=\"ä\u{2028}\"}", "n": 1.5]
        let line = PluginRequest.getMetricValue(type: "t", config: config, targetType: .averageValue)
            .line(id: 12, deadlineMs: 900)
        #expect(line.last == 0x0A)
        #expect(line.allSatisfy { $0 < 0x80 })
        #expect(line.count { $0 == 0x0A } == 1)
        guard case .request(let id, "get_metric_value", let params) = try HostMessage.decode(line) else {
            Issue.record("no request")
            return
        }
        #expect(id == 12)
        let read = try GetMetricValueParams(JSONReader(params))
        #expect(
            read == GetMetricValueParams(type: "t", config: config, targetType: .averageValue, deadlineMs: 900))
    }

    @Test("initialize, validate_config and shutdown requests round-trip")
    func otherRequests() throws {
        let params = InitializeParams(hostName: "h", hostVersion: "1.2")
        let initialize = try HostMessage.decode(PluginRequest.initialize(params).line(id: 1, deadlineMs: 5))
        #expect(initialize == .request(id: 1, method: "initialize", params: params.json))
        #expect(try InitializeParams(JSONReader(params.json)) == params)
        let validate = try HostMessage.decode(
            PluginRequest.validateConfig(type: "t", config: ["a": nil]).line(id: 2, deadlineMs: 5))
        #expect(validate == .request(id: 2, method: "validate_config", params: ["type": "t", "config": ["a": nil]]))
        let shutdown = try HostMessage.decode(PluginRequest.shutdown.line(id: 3, deadlineMs: 5))
        #expect(shutdown == .request(id: 3, method: "shutdown", params: [:]))
    }

    @Test("a notification has no id")
    func notification() throws {
        let line = ProtocolLine.notification(method: .cancel, params: ["id": 7])
        #expect(try HostMessage.decode(line) == .notification(method: "cancel", params: ["id": 7]))
    }

    @Test(
        "a line that is not a request is answered with the right error, and with its id if readable",
        arguments: [
            ("nonsense", JSON.null, PluginError.Kind.parseError),
            (#"{"jsonrpc":"2.0","id":4}"#, 4, .invalidRequest),
            (#"{"jsonrpc":"1.0","id":"x","method":"m"}"#, "x", .invalidRequest),
            (#"[]"#, .null, .invalidRequest),
        ])
    func invalidRequest(line: String, id: JSON, kind: PluginError.Kind) {
        let error = #expect(throws: InvalidHostMessage.self) { try HostMessage.decode(Array(line.utf8)) }
        #expect(error?.id == id)
        #expect(error?.error.kind == kind)
    }

    @Test("a response that the plugin encodes is decoded unchanged by the host")
    func response() throws {
        let result = ProtocolLine.result(id: 5) { $0.value(["a": "ä"]) }
        #expect(try decode(String(decoding: result, as: UTF8.self)) == .result(id: 5, ["a": "ä"]))
        let error = PluginError(.rateLimited, "slow down", retryAfterMs: 20, path: "a.b")
        let failure = ProtocolLine.failure(id: 6, error)
        #expect(try decode(String(decoding: failure, as: UTF8.self)) == .failure(id: 6, error))
        let unaddressed = ProtocolLine.failure(id: .null, error)
        #expect(try decode(String(decoding: unaddressed, as: UTF8.self)) == .unaddressedFailure(error))
    }

    @Test(
        "a line that is not a response is rejected with the cause",
        arguments: [
            ("nonsense", "it is not JSON: expected a value at byte 0"),
            (#"{"id":1,"result":1}"#, "jsonrpc: is required"),
            (#"{"jsonrpc":"2.1","id":1,"result":1}"#, "jsonrpc: must be \"2.0\""),
            (#"{"jsonrpc":"2.0","id":1}"#, "has neither result nor error"),
            (#"{"jsonrpc":"2.0","result":1}"#, "id: is required"),
            (#"{"jsonrpc":"2.0","id":"1","result":1}"#, "id: must be a whole number"),
            (#"{"jsonrpc":"2.0","id":-1,"result":1}"#, "id: must be at least 0"),
            (#"{"jsonrpc":"2.0","id":1,"method":"m"}"#, "method: a plugin must not send requests"),
            (#"{"jsonrpc":"2.0","id":1,"error":{"message":"m"}}"#, "error.code: is required"),
            (#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#, "error.message: is required"),
            ("[]", "must be an object"),
        ])
    func invalidResponse(line: String, problem: String) {
        let error = #expect(throws: InvalidPluginMessage.self) { try decode(line) }
        #expect(error?.description.contains(problem) == true, "\(error.debugDescription)")
    }

    @Test(
        "the id is found in a malformed response",
        arguments: [
            (#"{"jsonrpc":"2.0","id":17,"result":{"value":1e400}}"#, 17),
            (#"{"result":{"id":1,"x":[{"id":2}]},"id" : 18 }"#, 18),
            (#"{"a":"\"id\":5","id":19,"#, 19),
            (#"{"id":20}"#, 20),
            (#"{"id":"21","result":1e400}"#, nil),
            (#"{"id":2.5,"result":1e400}"#, nil),
            (#"{"result":{"id":1}}"#, nil),
            (#"{"id":99999999999999999999,"#, nil),
            (#"{"id":7"#, nil),
            (#"{"id"#, nil),
            (#"{"id\"#, nil),
            ("", nil),
        ] as [(String, Int64?)])
    func salvagedID(line: String, id: Int64?) {
        #expect(Array(line.utf8).withUnsafeBytes { SalvagedID.find(in: $0) } == id)
    }
}
