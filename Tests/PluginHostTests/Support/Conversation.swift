import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

/// A connection that the test drives: with lines, actions and a manual time.
struct Conversation {
    var connection: PluginConnection
    var now = Duration.zero

    /// - Parameter capabilities: nil to stop before the end of the handshake.
    init(_ capabilities: PluginCapabilities? = PluginCapabilities(), maxInFlight: Int? = nil) {
        connection = PluginConnection(plugin: "p", maxInFlight: maxInFlight)
        let opening = connection.begin(InitializeParams(hostName: "h", hostVersion: "1"), now: now)
        acknowledge(opening)
        if let capabilities { _ = receive(line: Self.handshake(capabilities)) }
    }

    static func handshake(_ capabilities: PluginCapabilities, version: Int = 1, types: [String] = ["t"]) -> JSON {
        let result = InitializeResult(
            protocolVersion: version, pluginName: "n", pluginVersion: "1",
            metricTypes: types.map {
                MetricTypeDescription(
                    type: $0, description: "", configSchema: .object([:]), defaultTargetType: .value)
            }, capabilities: capabilities)
        return ["jsonrpc": "2.0", "id": 1, "result": result.json]
    }

    static func reading(_ id: Int64, _ value: JSON = 1) -> JSON {
        ["jsonrpc": "2.0", "id": .integer(id), "result": ["value": value, "observedAt": "2026-01-01T00:00:00Z"]]
    }

    /// Submits a call.
    mutating func call(timeout: Duration = .seconds(10)) -> (id: Int64, actions: [PluginConnection.Action]) {
        let id = connection.reserveID()
        let request = PluginRequest.getMetricValue(type: "t", config: ["k": 1], targetType: .value)
        let actions = connection.submit(request, id: id, timeout: timeout, now: now)
        acknowledge(actions)
        return (id, actions)
    }

    /// Subscribes, and returns the subscription's id.
    mutating func subscribe() -> Int64 {
        let id = connection.reserveID()
        let request = PluginRequest.subscribe(type: "t", config: ["k": 1], targetType: .value)
        acknowledge(connection.submit(request, id: id, timeout: .seconds(10), now: now))
        return id
    }

    mutating func receive(_ bytes: [UInt8]) -> [PluginConnection.Action] {
        let actions = bytes.withUnsafeBytes { connection.receive($0, now: now) }
        acknowledge(actions)
        return actions
    }

    mutating func receive(_ text: String) -> [PluginConnection.Action] { receive(Array(text.utf8)) }
    mutating func receive(line: JSON) -> [PluginConnection.Action] { receive("\(line)\n") }

    mutating func advance(_ duration: Duration) -> [PluginConnection.Action] {
        now += duration
        let actions = connection.tick(now: now)
        acknowledge(actions)
        return actions
    }

    /// Marks all written bytes as read by the plugin.
    private mutating func acknowledge(_ actions: [PluginConnection.Action]) {
        for case .write(let bytes) in actions { _ = connection.wrote(bytes.count, now: now) }
    }
}

extension [PluginConnection.Action] {
    var written: [JSON] {
        compactMap { action in
            guard case .write(let bytes) = action else { return nil }
            return try? JSON(parsing: bytes)
        }
    }

    var values: [Int64: Double] {
        reduce(into: [:]) { values, action in
            if case .complete(let id, .success(.reading(let reading))) = action { values[id] = reading.value }
        }
    }

    var failures: [Int64: PluginFailure] {
        reduce(into: [:]) { failures, action in
            if case .complete(let id, .failure(let failure)) = action { failures[id] = failure }
        }
    }

    var givenUp: PluginFailure? {
        for case .giveUp(let failure) in self { return failure }
        return nil
    }
}
