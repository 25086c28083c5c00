import PluginProtocol
import Testing
import WireFormats

@testable import PluginSDK

/// Passes lines to a ``ServeSession`` with a manual clock and returns its answers.
struct SessionScript {
    var session: ServeSession
    var now = ContinuousClock.now

    init(maxInFlight: Int = 2) {
        let identity = PluginIdentity(
            name: "test", version: "1",
            metricTypes: ["test", "other"].map {
                MetricTypeDescription(
                    type: $0, description: "A test.", configSchema: ["type": "object"], defaultTargetType: .value)
            },
            capabilities: PluginCapabilities(maxInFlight: maxInFlight, cancel: true))
        session = ServeSession(identity: identity) { _, config in
            config["bad"] == nil ? .valid(targetType: .averageValue) : .invalid([.init(path: "bad", message: "is bad")])
        }
    }

    /// Returns a session after its handshake.
    static func serving(maxInFlight: Int = 2) -> SessionScript {
        var script = SessionScript(maxInFlight: maxInFlight)
        _ = script.receive(initialize)
        return script
    }

    static let initialize = #"""
        {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersions":[2,1],
        "host":{"name":"h","version":"1"},"limits":{"maxRequestBytes":61440,"maxResponseBytes":2000}}}
        """#.filter { $0 != "\n" }

    static func call(_ id: Int, deadlineMs: Int = 1_000) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"get_metric_value","params":"#
            + #"{"type":"test","config":{},"targetType":"Value","deadlineMs":\#(deadlineMs)}}"#
    }

    mutating func receive(_ line: String) -> ServeSession.Step {
        session.receive(.complete(Array(line.utf8)[...]), now: now)
    }

    /// Returns the only answer to the line.
    mutating func answer(to line: String) throws -> PluginMessage {
        guard case .answer(let bytes) = receive(line) else { throw Unexpected() }
        return try Self.message(bytes)
    }

    /// Returns the error in the answer to the line.
    mutating func error(to line: String) throws -> PluginError {
        guard case .failure(_, let error) = try answer(to: line) else { throw Unexpected() }
        return error
    }

    mutating func start(_ line: String) throws -> ServeSession.Call {
        guard case .start(let call) = receive(line) else { throw Unexpected() }
        return call
    }

    mutating func finish(_ call: ServeSession.Call, _ outcome: Result<MetricReading, PluginError>) throws
        -> PluginMessage
    {
        guard let answer = session.finish(call.token, outcome.map(CallAnswer.reading)) else { throw Unexpected() }
        return try Self.message(answer)
    }

    /// Decodes one line and checks its framing.
    static func message(_ bytes: [UInt8]) throws -> PluginMessage {
        #expect(bytes.last == 0x0A)
        #expect(bytes.count { $0 == 0x0A } == 1)
        return try PluginMessage.decode(JSON(parsing: bytes))
    }

    struct Unexpected: Error {}
}
