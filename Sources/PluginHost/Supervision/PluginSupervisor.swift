import Logging
import PluginProtocol
import Synchronization
import SystemIO
import WireFormats

/// Keeps one plugin running: starts its program, restarts it after it has ended, and replaces it with new versions.
///
/// ``PluginLifecycle`` makes the decisions. The supervisor runs on the event loop, like its instances, so that a call
/// passes through it without a thread switch.
actor PluginSupervisor {
    /// A run of the program. ``run()`` awaits the task.
    struct Launch {
        let instance: any PluginInstance
        let end: Task<PluginEnd, Never>
    }

    /// The inputs for which ``run()`` waits.
    private enum Job {
        case run(PluginLifecycle.Run)
        case wait(until: Duration, Task<Void, any Error>)
    }

    /// The plugin's declaration from its handshakes, and data of ended runs.
    struct Record {
        var version: String?
        var offer: InitializeResult?
        var lastFailure: String?
        var counters = PluginCounters()
        var latencies = LatencyWindow()
    }

    nonisolated let program: PluginProgram
    let dependencies: PluginSession.Dependencies
    let logger: Logger
    private let random: @Sendable () -> Double
    private let onHandshake: @Sendable (InitializeResult) -> [String]

    var lifecycle = PluginLifecycle() {
        didSet { reliability.store(lifecycle.isReliable, ordering: .relaxed) }
    }
    private nonisolated let reliability = Atomic(true)
    private(set) var launches: [PluginLifecycle.Run: Launch] = [:]
    private let jobs = AsyncStream.makeStream(of: Job.self)
    private var pause: Task<Void, any Error>?
    /// Opens when the first start has succeeded or failed.
    nonisolated let settled = AsyncLatch()
    var record = Record()
    var changes = ProgramChanges()
    var configs = RememberedConfigs()
    var subscriptions = SubscriptionTable()
    /// Signalled when a subscription may be due.
    nonisolated let subscriptionSignal = WakeSignal()
    /// Reasons of refused subscriptions that have been logged for the current process.
    var loggedRefusals: Set<String> = []
    /// The number of configs with a periodic reader.
    private var uses = 0
    private var lastUse: Duration

    /// - Parameters:
    ///   - random: uniform in 0..<1.
    ///   - onHandshake: called with the plugin's declaration; returns the parts that cannot be used, with the reasons.
    init(
        program: PluginProgram, dependencies: PluginSession.Dependencies, logger: Logger,
        random: @escaping @Sendable () -> Double, onHandshake: @escaping @Sendable (InitializeResult) -> [String]
    ) {
        self.program = program
        self.dependencies = dependencies
        self.random = random
        self.onHandshake = onHandshake
        var logger = logger
        logger[metadataKey: "plugin"] = "\(program.name)"
        self.logger = logger
        lastUse = dependencies.time.elapsed()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { dependencies.loop.asUnownedSerialExecutor() }

    /// The instance for new calls.
    var current: (any PluginInstance)? { lifecycle.current.flatMap { launches[$0]?.instance } }

    // MARK: Life

    /// Runs the plugin until ``stop()``, or until the task is cancelled, which kills the process.
    func run() async {
        perform(lifecycle.begin())
        await withDiscardingTaskGroup { group in
            for await job in jobs.stream { group.addTask { await self.carryOut(job) } }
            perform(lifecycle.stop())
        }
    }

    /// Ends the plugin; ``run()`` returns afterwards.
    func stop() { perform(lifecycle.stop()) }

    func perform(_ actions: [PluginLifecycle.Action]) {
        for action in actions {
            switch action {
            case .start(let run): start(run)
            case .retire(let run): launches[run]?.instance.assumeIsolated { $0.retire() }
            case .stop(let run): launches[run]?.instance.assumeIsolated { $0.stop() }
            case .wait(let backoff): wait(backoff)
            case .cancelWait: pause?.cancel()
            case .endSubscriptions: subscriptions.end()
            case .settle: settled.open()
            case .end: jobs.continuation.finish()
            }
        }
    }

    private func start(_ run: PluginLifecycle.Run) {
        let onHandshake: @Sendable (InitializeResult) -> Void = { initialized in
            self.assumeIsolated { supervisor in
                if supervisor.lifecycle.handshakeCompleted(run) { supervisor.takeOver(initialized) }
            }
        }
        let instance: any PluginInstance =
            switch program.mode {
            case .serve:
                PluginSession(
                    program: program, marker: newMarker(), dependencies: dependencies, onHandshake: onHandshake,
                    onPush: { session, event in self.assumeIsolated { $0.take(event, from: session) } })
            case .oneshot:
                OneshotPlugin(
                    program: program, dependencies: dependencies,
                    makeMarker: { self.assumeIsolated { $0.newMarker() } }, onHandshake: onHandshake)
            }
        launches[run] = Launch(instance: instance, end: Task { await instance.run() })
        jobs.continuation.yield(.run(run))
    }

    private func newMarker() -> EnvironmentMarker {
        EnvironmentMarker(value: "\(program.name).\(UInt64.random(in: 0...UInt64.max))")
    }

    /// Handles that a run has completed the handshake and takes the calls.
    func takeOver(_ initialized: InitializeResult) {
        record.version = initialized.pluginVersion
        record.offer = initialized
        let conflicts = onHandshake(initialized)
        record.lastFailure = conflicts.first ?? record.lastFailure
        beginSubscriptions(initialized.capabilities)
        for conflict in conflicts {
            logger.error("metric type not used", metadata: ["problem": "\(conflict)"])
        }
        logger.info(
            "plugin is up",
            metadata: [
                "version": "\(initialized.pluginVersion)",
                "types": "\(initialized.metricTypes.map(\.type).joined(separator: ", "))",
                "maxInFlight": "\(initialized.capabilities.maxInFlight)",
            ])
        perform([.settle])
    }

    private func wait(_ backoff: PluginLifecycle.Backoff) {
        record.lastFailure = backoff.end.failure.message
        if let (subject, time) = backoff.conviction {
            logger.error(
                "plugin ended repeatedly on a config; config quarantined",
                metadata: [
                    "type": "\(subject.type)", "namespace": "\(subject.party.namespace ?? "none")",
                    "time": "\(Self.text(time))",
                ])
        }
        logger.warning(
            backoff.isBroken ? "plugin keeps failing; the next start is a probe" : "plugin ended; restarting it",
            metadata: ["reason": "\(backoff.end.failure.logText)", "restartIn": "\(Self.text(backoff.delay))"])
        // A separate task, so that it can be cancelled alone; run() awaits it.
        let pause = Task { [time = dependencies.time] in try await time.sleepUntil(backoff.until) }
        self.pause = pause
        jobs.continuation.yield(.wait(until: backoff.until, pause))
    }

    private func carryOut(_ job: Job) async {
        switch job {
        case .run(let run): await attend(run)
        case .wait(let until, let pause):
            await withTaskCancellationHandler {
                _ = await pause.result
            } onCancel: {
                pause.cancel()
            }
            if !Task.isCancelled { perform(lifecycle.waitEnded(until)) }
        }
    }

    /// Waits for the end of a run. Cancelling the task kills its processes.
    private func attend(_ run: PluginLifecycle.Run) async {
        guard let launch = launches[run] else { return }
        let end = await withTaskCancellationHandler {
            await launch.end.value
        } onCancel: {
            launch.end.cancel()
        }
        let vitals = await launch.instance.vitals
        record.counters = record.counters + vitals.counters
        record.latencies = vitals.latencies
        launches[run] = nil
        if Task.isCancelled { perform(lifecycle.stop()) }
        perform(lifecycle.ended(run, end, now: dependencies.time.elapsed(), random: random()))
    }

    // MARK: Resting

    /// Ends the plugin's process whenever it has been idle for that long. Returns when the task is cancelled.
    func restWhenUnused(for time: Duration) async {
        // A program that runs for single calls is never idle.
        guard program.mode == .serve else { return }
        while !Task.isCancelled {
            let now = dependencies.time.elapsed()
            if uses == 0, now >= lastUse + time { rest() }
            let next = uses == 0 && lastUse + time > now ? lastUse + time : now + time
            try? await dependencies.time.sleepUntil(next)
        }
    }

    private func rest() {
        let actions = lifecycle.rest()
        guard !actions.isEmpty else { return }
        logger.info("idle plugin stopped until it is used")
        perform(actions)
    }

    /// Registers a periodic reader of a config.
    func beginUse() {
        uses += 1
        lastUse = dependencies.time.elapsed()
        perform(lifecycle.use())
    }

    func endUse() {
        uses -= 1
        lastUse = dependencies.time.elapsed()
    }

    // MARK: Calls

    func call(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration
    ) async -> Result<PluginAnswer, PluginFailure> {
        switch callee(subject) {
        case .failure(let failure): return .failure(failure)
        case .success(let callee):
            let result = await callee.instance.call(
                request, about: callee.subject, timeout: timeout, isolation: self)
            remember(subject, result)
            return result
        }
    }

    /// A variant of ``call(_:about:timeout:)`` for callers on the loop's thread, which avoids the two jobs of entering
    /// and leaving the actor.
    func callOnLoop(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Result<PluginAnswer, PluginFailure> {
        switch alreadyOnLoop({ $0.callee(subject) }) {
        case .failure(let failure): return .failure(failure)
        case .success(let callee):
            let result = await callee.instance.call(
                request, about: callee.subject, timeout: timeout, isolation: isolation)
            alreadyOnLoop { $0.remember(subject, result) }
            return result
        }
    }

    private struct Callee {
        let instance: any PluginInstance
        let subject: CallSubject
    }

    /// Returns the instance for a call; starts a resting plugin.
    private func callee(_ subject: CallSubject) -> Result<Callee, PluginFailure> {
        lastUse = dependencies.time.elapsed()
        var subject = subject
        if !lifecycle.suspects.isEmpty {
            if let time = lifecycle.suspects.quarantine(subject, now: lastUse) {
                return .failure(.quarantined(program.name, for: time))
            }
            subject.party.isSuspect = lifecycle.suspects.isSuspect(subject.key)
        }
        perform(lifecycle.use())
        guard let current else { return .failure(notRunning) }
        return .success(Callee(instance: current, subject: subject))
    }

    private func remember(_ subject: CallSubject, _ result: Result<PluginAnswer, PluginFailure>) {
        if case .success(.verdict(let verdict)) = result {
            configs.remember(subject.type, subject.config, verdict)
        }
        if !lifecycle.suspects.isEmpty, result.isAnswer { lifecycle.answered(subject.key) }
    }

    /// Whether the plugin is healthy: it is up, or has not been needed. Read by every poll, from its own thread.
    nonisolated var isHealthy: Bool { reliability.load(ordering: .relaxed) }

    /// Whether the plugin declared in its last handshake that it has history.
    var offersRange: Bool { record.offer?.capabilities.range ?? false }

    static func text(_ duration: Duration) -> String {
        duration < .seconds(10) ? "\(Int(duration / .milliseconds(100)) / 10) s" : "\(duration.components.seconds) s"
    }
}

extension Result<PluginAnswer, PluginFailure> {
    /// Whether this is the plugin's own answer, a result or an error.
    fileprivate var isAnswer: Bool {
        switch self {
        case .success: true
        case .failure(let failure): if case .answered = failure.kind { true } else { false }
        }
    }
}
