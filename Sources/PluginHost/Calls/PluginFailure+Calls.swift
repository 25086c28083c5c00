import PluginProtocol

/// Why single calls fail at the host's own hand.
extension PluginFailure {
    static func overlongLine(_ plugin: String) -> PluginFailure {
        .violation(
            .longestAnswer, "it wrote a line longer than \(ProtocolLimits.maxResponseBytes) bytes", plugin: plugin)
    }

    static func stopping(_ plugin: String) -> PluginFailure {
        PluginFailure(.notRunning, plugin: plugin, "plugin \(plugin) is stopping")
    }

    static func busy(_ plugin: String, maxInFlight: Int) -> PluginFailure {
        PluginFailure(
            .busy, plugin: plugin,
            "plugin \(plugin) has \(PluginHostLimits.maxQueuedCalls) calls waiting already; poll less often, or let the "
                + "plugin take more than \(maxInFlight) at a time (maxInFlight)")
    }

    static func tooLarge(_ plugin: String, bytes: Int, most: Int) -> PluginFailure {
        PluginFailure(
            .requestTooLarge, plugin: plugin,
            "the request to plugin \(plugin) has \(bytes) bytes, and it takes \(most); "
                + "make the metric's config smaller")
    }

    /// The stage of a call at its deadline.
    enum CallStage {
        /// The plugin had received it. The beginning of a line may have come.
        case sent(isLineOpen: Bool)
        /// It waited for its turn.
        case queued(maxInFlight: Int)
        /// It waited for the plugin to answer `initialize`.
        case handshake
    }

    static func missedDeadline(
        _ plugin: String, method: ProtocolMethod, timeout: Duration, _ stage: CallStage
    ) -> PluginFailure {
        let cause =
            switch stage {
            case .sent(isLineOpen: false): "it is slow or stuck (rule P-39); its log may tell why"
            case .sent(isLineOpen: true):
                "it wrote a line and did not end it; each message ends with a newline, and stdout is flushed after it"
            case .queued(let maxInFlight):
                "the call still waited for its turn, since the plugin takes \(maxInFlight) at a time"
            case .handshake: "it has not answered initialize yet, so that it gets no call"
            }
        return PluginFailure(
            .deadlineExceeded, plugin: plugin,
            "plugin \(plugin) did not answer \(method.rawValue) within \(timeout): \(cause)")
    }
}
