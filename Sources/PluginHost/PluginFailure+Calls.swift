import PluginProtocol

/// Why single calls fail at the host's own hand.
extension PluginFailure {
    static func overlongLine(_ plugin: String) -> PluginFailure {
        .violation("it wrote a line longer than \(ProtocolLimits.maxResponseBytes) bytes", plugin: plugin)
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

    /// - Parameter wasSent: the plugin had the call; otherwise it waited for its turn until then.
    static func missedDeadline(
        _ plugin: String, method: ProtocolMethod, timeout: Duration, wasSent: Bool, maxInFlight: Int
    ) -> PluginFailure {
        let cause =
            wasSent
            ? "it is slow or stuck; its log may tell why"
            : "the call still waited for its turn, since the plugin takes \(maxInFlight) at a time"
        return PluginFailure(
            .deadlineExceeded, plugin: plugin,
            "plugin \(plugin) did not answer \(method.rawValue) within \(timeout): \(cause)")
    }
}
