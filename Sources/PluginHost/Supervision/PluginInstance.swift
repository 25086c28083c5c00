import PluginProtocol

/// A run of a plugin's program, in any mode. It lives on the event loop.
protocol PluginInstance: Actor {
    /// Starts the program and stays until it has ended and none of its processes is left.
    func run() async -> PluginEnd
    /// Returns what it offers, as soon as that is known; nil if it ends before.
    func offer() async -> InitializeResult?
    /// Fails the open calls and makes it end.
    func stop()
    /// Makes it end once its open calls have ended. It gets no new ones.
    func retire()
    /// Makes one call. It ends with an answer, at its deadline, or with the process, whichever is first.
    ///
    /// Called on the loop's thread, and stays there. It is isolated as its caller is, because to enter an actor and to
    /// leave it again would cost every call two jobs.
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
    /// Of each subscription the newest.
    case readings([PushedReading])
    case ended(SubscriptionEnd)
}

/// The end of a run of a plugin's program.
struct PluginEnd: Sendable {
    let failure: PluginFailure
    /// What it worked on when it ended.
    var inFlight: [CallSubject] = []
    /// How long after its handshake the process lived; nil if it did not get that far.
    let upFor: Duration?
    /// Another start of the same program would end in the same way.
    var needsRepair = false
}

/// The present state of one run of a plugin's program.
struct PluginVitals: Sendable {
    var process: Int32?
    var inFlight = 0
    var waiting = 0
    var subscriptions = 0
    var counters = PluginCounters()
    var latencies = LatencyWindow()
    /// Of the program that runs.
    var fingerprint: ProgramFile.Fingerprint?
}
