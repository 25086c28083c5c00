import WireFormats

@testable import PluginConformance
@testable import PluginHost
@testable import PluginProtocol

extension FuzzTarget {
    /// The host's side of a conversation: before the handshake, and with an open call of each kind.
    static let pluginAnswers = FuzzTarget("plugin-answers") { (input) throws(FuzzFinding) in
        for beginning in [HostConversation.handshake, HostConversation.calls] {
            let whole = try HostConversation.outcomes(of: [input[...]], after: beginning)
            let pieces = try HostConversation.outcomes(of: Chunks.of(input), after: beginning)
            try require(pieces == whole, "in pieces the plugin says \(pieces), at once \(whole)")
        }
        for line in input.split(separator: 0x0A) { _ = LineChecker.check(Array(line)) }
    }

    /// `plugins.yaml`
    static let pluginManifest = FuzzTarget("plugin-manifest") { (input) throws(FuzzFinding) in
        do throws(PluginHostError) {
            _ = try PluginManifest(parsing: String(decoding: input, as: UTF8.self), path: "plugins.yaml")
        } catch {
            try requireShort(error.description, "the error")
        }
    }

    /// `[schema, config]`
    static let markedFields = FuzzTarget("marked-fields") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input), let schema = json[0], let config = json[1] else { return }
        for keyword in ["x-secret", "x-address"] {
            guard let marks = MarkedFields(keyword, in: schema) else { continue }
            for field in marks.fields(of: config) { _ = field.texts }
        }
    }
}

private enum HostConversation {
    private static let now = Duration.seconds(1)

    /// Returns the outcomes, with only the newest pushed reading of each chunk.
    static func outcomes(
        of chunks: [ArraySlice<UInt8>], after beginning: PluginConnection
    ) throws(FuzzFinding) -> [PluginConnection.Action] {
        var connection = beginning
        var actions: [PluginConnection.Action] = []
        for chunk in chunks {
            actions += chunk.withUnsafeBytes { connection.receive($0, now: now) }
        }
        for action in actions { try check(action) }
        return actions.filter { action in
            if case .pushed = action { false } else { true }
        }
    }

    /// A connection that has sent `initialize`.
    static let handshake: PluginConnection = {
        var connection = PluginConnection(plugin: "fuzzed")
        _ = connection.begin(InitializeParams(hostName: "fuzz", hostVersion: "1"), now: now)
        return connection
    }()

    /// A connection with one sent call of each kind, a batch, and a single read. The order of the answers does not
    /// affect what is sent next.
    static let calls: PluginConnection = {
        var connection = PluginConnection(plugin: "fuzzed")
        let type = MetricTypeDescription(
            type: "queue", description: "", configSchema: [:], defaultTargetType: .value)
        let initialized = InitializeResult(
            protocolVersion: 1, pluginName: "fuzzed", pluginVersion: "1", metricTypes: [type],
            capabilities: PluginCapabilities(maxInFlight: 16, cancel: true, batch: true, range: true, subscribe: true))
        let value = PluginRequest.getMetricValue(type: "queue", config: [:], targetType: .value)
        var requests = [PluginRequest.validateConfig(type: "queue", config: [:]), value, value]
        if let window = RangeWindow(fromMicroseconds: 0, toMicroseconds: 60_000_000, stepSeconds: 15) {
            requests.append(
                .getMetricRange(type: "queue", config: [:], targetType: .value, window: window))
        }
        requests.append(.subscribe(type: "queue", config: [:], targetType: .value))
        // Requests before the handshake are sent as one batch.
        for request in requests { submit(request, to: &connection) }
        _ = connection.begin(knowing: initialized, now: now)
        submit(value, to: &connection)
        return connection
    }()

    private static func submit(_ request: PluginRequest, to connection: inout PluginConnection) {
        _ = connection.submit(request, id: connection.reserveID(), timeout: .seconds(60), now: now)
    }

    private static func check(_ action: PluginConnection.Action) throws(FuzzFinding) {
        switch action {
        case .write(let line):
            try require(line.last == 0x0A && !line.dropLast().contains(0x0A), "what is written is not one line")
        case .complete(_, .success(.reading(let reading))):
            try require(reading.value.isFinite, "a reading is \(reading.value)")
        case .log(.rejectedLine(let excerpt, let reason)):
            try requireShort(excerpt + reason, "the note")
        case .giveUp(let failure) where failure.kind == .protocolViolation:
            try requireShort(failure.message, "the failure")
        default: break
        }
    }
}
