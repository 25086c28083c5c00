/// The health of one plugin.
package struct PluginHealth: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        /// The process is starting, or has not answered `initialize` yet.
        case starting
        case up
        /// No scaler uses the plugin, so it has no process; the next call starts one.
        case resting
        /// The process ended and is restarted after a delay.
        case backingOff = "backing_off"
        /// The process ended many times in a row and is only restarted as an occasional probe.
        case broken
        case stopped
    }

    package var name: String
    /// As declared in the plugin's last handshake; nil before the first.
    package var version: String?
    package var state: State
    package var processID: Int32?
    /// Restarts after unexpected ends.
    package var restarts: Int
    /// Replacements by a new version of the program during operation.
    package var swaps: Int
    /// Calls that the plugin has received and not answered.
    package var inFlight: Int
    /// Queued calls.
    package var waiting: Int
    /// Configs whose readings the plugin pushes.
    package var subscriptions: Int = 0
    package var counters: PluginCounters
    /// The response times; nil before the first answer.
    package var latency: PluginLatency?
    /// The reason why the process last ended or was unusable.
    package var lastFailure: String?
    /// Whether the plugin is not running and a restart of the same program would fail in the same way.
    package var needsRepair = false
}
