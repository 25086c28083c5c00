import PluginProtocol

/// A run of a plugin's program, in any mode. Runs on the event loop.
protocol PluginInstance: Actor {
    /// Starts the program and returns after it has ended and none of its processes is left.
    func run() async -> PluginEnd
    /// Returns the plugin's declaration after the handshake; nil if the run ends before.
    func offer() async -> InitializeResult?
    /// Fails open calls and ends the run.
    func stop()
    /// Ends the run after its open calls. No new calls are made.
    func retire()
    /// Makes one call, which ends with an answer, at its deadline, or with the process, whichever is first.
    ///
    /// Called on the loop's thread, and stays there. Isolated like its caller, because entering and leaving an actor
    /// would cost every call two jobs.
    func call(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration,
        isolation: isolated (any Actor)?
    ) async -> Result<PluginAnswer, PluginFailure>
    /// Ends the plugin's subscription with that id. The answer is not awaited.
    func unsubscribe(_ subscription: Int64)
    var vitals: PluginVitals { get }
}

/// An unsolicited event from a plugin.
enum PushEvent: Sendable {
    /// The newest reading of each subscription.
    case readings([PushedReading])
    case ended(SubscriptionEnd)
}

/// The end of a run of a plugin's program.
struct PluginEnd: Sendable {
    let failure: PluginFailure
    /// The configs in flight at the end.
    var inFlight: [CallSubject] = []
    /// How long the process ran after its handshake; nil if it did not complete it.
    let upFor: Duration?
    /// Whether a restart of the same program would fail in the same way.
    var needsRepair = false
}

/// The current state of one run of a plugin's program.
struct PluginVitals: Sendable {
    var process: Int32?
    var inFlight = 0
    var waiting = 0
    var subscriptions = 0
    var counters = PluginCounters()
    var latencies = LatencyWindow()
    /// The fingerprint of the running program.
    var fingerprint: ProgramFile.Fingerprint?
}
