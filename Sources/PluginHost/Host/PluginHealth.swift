/// The health of one plugin.
package struct PluginHealth: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        /// Its process starts, or has not answered `initialize` yet.
        case starting
        case up
        /// No scaler uses it, so it has no process; the next call starts one.
        case resting
        /// Its process ended and is started again after a wait.
        case backingOff = "backing_off"
        /// It ended many times in a row and is only probed from time to time.
        case broken
        case stopped
    }

    package var name: String
    /// As declared in the plugin's last handshake; nil before the first.
    package var version: String?
    package var state: State
    package var processID: Int32?
    /// Restarts after an end that the host did not request.
    package var restarts: Int
    /// New versions of its file that took over while it ran.
    package var swaps: Int
    /// Calls that the plugin has and that it has not answered.
    package var inFlight: Int
    /// Calls that wait for their turn.
    package var waiting: Int
    /// Configs whose readings the plugin pushes.
    package var subscriptions: Int = 0
    package var counters: PluginCounters
    /// Nil before the first answer.
    package var latency: PluginLatency?
    /// Why its process last ended, or could not be used.
    package var lastFailure: String?
    /// It does not run, and another start of the same program would end in the same way.
    package var needsRepair = false
}
