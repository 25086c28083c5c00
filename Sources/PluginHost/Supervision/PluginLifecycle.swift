/// Decides which process of a plugin takes the calls, and when processes are started, retired and stopped.
///
/// Pure: ``PluginSupervisor`` performs each ``Action`` and reports what happened.
///
/// ```
///   idle --> starting -- handshake --> up <-- refused, accepted -- trying
///             ^    ^                   | \-------- new version -----^
///        use  |    | wait is over      |
///             |    +-- waiting <-- the process ended (starting, up, trying)
///             +------- resting <------ unused
///
///   every phase -- stop --> stopping -- the last process ended --> stopped
/// ```
struct PluginLifecycle: Sendable {
    /// One start of the program.
    struct Run: Hashable, Sendable {
        fileprivate let number: Int
    }

    enum Phase: Hashable, Sendable {
        case idle
        /// Calls wait for the run's handshake. A restart follows an unexpected end.
        case starting(Run, isRestart: Bool)
        case up(Run)
        /// The run takes the calls while the next version of the program is on trial.
        case trying(Run, successor: Run)
        /// The process was ended because the plugin is idle. The next use starts it.
        case resting
        /// The process ended, and is restarted after the delay, or replaced by a successor on trial.
        case waiting(until: Duration, isBroken: Bool, successor: Run?)
        case stopping
        case stopped
    }

    /// The reason for a delayed restart, and its delay.
    struct Backoff: Sendable {
        let end: PluginEnd
        let delay: Duration
        let until: Duration
        /// Whether the circuit breaker is open, so that the next start is a probe.
        let isBroken: Bool
        /// The config on which the plugin crashed, and the duration of its quarantine.
        var conviction: (subject: CallSubject, time: Duration)?
    }

    enum Action: Sendable {
        case start(Run)
        /// Ends the run after its open calls.
        case retire(Run)
        /// Fails the run's open calls and ends it.
        case stop(Run)
        /// Calls ``PluginLifecycle/waitEnded(_:)`` at the end of the delay.
        case wait(Backoff)
        case cancelWait
        case endSubscriptions
        /// The first start has succeeded or failed.
        case settle
        /// No run is left, and none will be started.
        case end
    }

    private(set) var phase = Phase.idle
    /// All runs that have not ended: the current one, retired or stopped ones, one on trial.
    private(set) var open: Set<Run> = []
    private(set) var restarts = 0
    private(set) var swaps = 0
    /// Whether a restart of the same program would fail in the same way.
    private(set) var needsRepair = false
    private(set) var suspects = CrashSuspects()
    private var policy = RestartPolicy()
    private var lastNumber = 0

    // MARK: Queries

    /// The run that takes calls, or for which calls wait.
    var current: Run? {
        switch phase {
        case .starting(let run, _), .up(let run), .trying(let run, _): run
        case .idle, .resting, .waiting, .stopping, .stopped: nil
        }
    }

    /// Whether the plugin is healthy: it is up, or has not been needed.
    var isReliable: Bool {
        switch phase {
        case .idle, .starting(_, isRestart: false), .up, .trying, .resting: true
        case .starting(_, isRestart: true), .waiting, .stopping, .stopped: false
        }
    }

    var isStopping: Bool { phase == .stopping || phase == .stopped }

    // MARK: Events

    mutating func begin() -> [Action] {
        guard phase == .idle else { return [] }
        return start(isRestart: false)
    }

    /// - Returns: whether the run takes the calls from now on. A run on trial does not.
    mutating func handshakeCompleted(_ run: Run) -> Bool {
        guard case .starting(run, _) = phase else { return false }
        phase = .up(run)
        needsRepair = false
        return true
    }

    /// Handles that a call is about to be made, or that a periodic reader registers.
    mutating func use() -> [Action] {
        guard phase == .resting else { return [] }
        return start(isRestart: false)
    }

    /// Handles that the plugin has been idle for long enough.
    mutating func rest() -> [Action] {
        guard case .up(let run) = phase else { return [] }
        phase = .resting
        return [.endSubscriptions, .retire(run)]
    }

    /// - Parameter random: uniform in 0..<1.
    mutating func ended(_ run: Run, _ end: PluginEnd, now: Duration, random: Double) -> [Action] {
        open.remove(run)
        switch phase {
        case .starting(run, _), .up(run): return backOff(end, successor: nil, now: now, random: random)
        case .trying(run, let successor): return backOff(end, successor: successor, now: now, random: random)
        case .trying(let current, successor: run): phase = .up(current)
        case .waiting(let until, let isBroken, successor: run):
            phase = .waiting(until: until, isBroken: isBroken, successor: nil)
        case .stopping where open.isEmpty:
            phase = .stopped
            return [.settle, .end]
        case .idle, .starting, .up, .trying, .resting, .waiting, .stopping, .stopped: break
        }
        return []
    }

    mutating func waitEnded(_ until: Duration) -> [Action] {
        guard case .waiting(until, _, _) = phase else { return [] }
        return start(isRestart: true)
    }

    mutating func stop() -> [Action] {
        guard !isStopping else { return [] }
        phase = open.isEmpty ? .stopped : .stopping
        return [.cancelWait] + open.map(Action.stop) + (open.isEmpty ? [.settle, .end] : [])
    }

    // MARK: A new version of the program

    /// - Returns: the run to start; nil unless the plugin is up without a trial.
    mutating func beginTrial() -> Run? {
        guard case .up(let run) = phase else { return nil }
        let successor = newRun()
        phase = .trying(run, successor: successor)
        return successor
    }

    /// Handles that the new version has passed its trial.
    ///
    /// - Returns: nil if it does not take over, because the plugin was restarted or stopped during the trial. A process
    ///   that ended during the trial and waits for its restart is replaced.
    mutating func accept(_ successor: Run) -> [Action]? {
        let actions: [Action]
        switch phase {
        case .trying(let old, successor: successor): actions = [.retire(old)]
        case .waiting(_, _, successor: successor): actions = [.cancelWait]
        default: return nil
        }
        phase = .up(successor)
        swaps += 1
        needsRepair = false
        return actions
    }

    mutating func refuse(_ successor: Run) -> [Action] {
        switch phase {
        case .trying(let run, successor: successor): phase = .up(run)
        case .waiting(let until, let isBroken, successor: successor):
            phase = .waiting(until: until, isBroken: isBroken, successor: nil)
        default: break
        }
        return open.contains(successor) ? [.stop(successor)] : []
    }

    /// Handles an answer to a call about a config, which clears the config of suspicion.
    mutating func answered(_ key: CallSubject.Key) { suspects.answered(key) }

    // MARK: Steps

    private mutating func newRun() -> Run {
        lastNumber += 1
        let run = Run(number: lastNumber)
        open.insert(run)
        return run
    }

    private mutating func start(isRestart: Bool) -> [Action] {
        let run = newRun()
        if isRestart { restarts += 1 }
        phase = .starting(run, isRestart: isRestart)
        return [.start(run)]
    }

    private mutating func backOff(
        _ end: PluginEnd, successor: Run?, now: Duration, random: Double
    ) -> [Action] {
        let verdict: RestartPolicy.Verdict
        var conviction: (CallSubject, Duration)?
        switch suspects.ended(end.inFlight, now: now) {
        case .nobody: verdict = policy.ended(upFor: end.upFor, now: now, random: random)
        case .quarantineStarted(let subject, let time):
            conviction = (subject, time)
            verdict = policy.endedOnQuarantined(random: random)
        }
        needsRepair = end.needsRepair
        let until = now + verdict.delay
        phase = .waiting(until: until, isBroken: verdict.isBroken, successor: successor)
        let backoff = Backoff(
            end: end, delay: verdict.delay, until: until, isBroken: verdict.isBroken, conviction: conviction)
        return [.endSubscriptions, .wait(backoff), .settle]
    }
}
