import PluginProtocol

/// Failures of single calls that the host causes.
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
            "plugin \(plugin) has \(PluginHostLimits.maxQueuedCalls) queued calls, the maximum; poll less often, or raise the "
                + "plugin's maxInFlight, which is \(maxInFlight)")
    }

    static func tooLarge(_ plugin: String, bytes: Int, most: Int) -> PluginFailure {
        PluginFailure(
            .requestTooLarge, plugin: plugin,
            "the request to plugin \(plugin) has \(bytes) bytes, and the maximum is \(most); "
                + "make the metric's config smaller")
    }

    /// The stage of a call at its deadline.
    enum CallStage {
        /// Sent. The beginning of the answer's line may have arrived.
        case sent(isLineOpen: Bool)
        /// Queued.
        case queued(maxInFlight: Int)
        /// Waiting for the plugin to answer `initialize`.
        case handshake
    }

    static func missedDeadline(
        _ plugin: String, method: ProtocolMethod, timeout: Duration, _ stage: CallStage
    ) -> PluginFailure {
        let cause =
            switch stage {
            case .sent(isLineOpen: false): "it is slow or stuck (rule P-39); see its log"
            case .sent(isLineOpen: true):
                "it wrote a line without a newline; end each message with a newline, and flush stdout after it"
            case .queued(let maxInFlight):
                "the call was still queued, because the plugin's maxInFlight is \(maxInFlight)"
            case .handshake: "it has not answered initialize yet"
            }
        return PluginFailure(
            .deadlineExceeded, plugin: plugin,
            "plugin \(plugin) did not answer \(method.rawValue) within \(timeout): \(cause)")
    }
}
