import Logging
import PluginProtocol
import Synchronization
import WireFormats

/// Keeps one plugin running: starts its program, starts it again when it ends, and swaps in a new version of it.
///
/// It lives on the event loop, as its instances do, so that a call passes through it without a change of thread.
actor PluginSupervisor {
    private enum State {
        case idle
        /// - Parameter isAgain: because it ended when it was not to.
        case starting(isAgain: Bool)
        case up
        /// Its process ended, or is about to end, because it is idle; the next call starts it.
        case resting
        case waiting(until: Duration, isBroken: Bool)
        case stopped
    }

    /// A run of the program, and its task, which the holder of this value awaits.
    private struct Launch {
        let instance: any PluginInstance
        let end: Task<PluginEnd, Never>
    }

    nonisolated let program: PluginProgram
    let dependencies: PluginSession.Dependencies
    private let random: @Sendable () -> Double
    private let onHandshake: @Sendable (InitializeResult) -> [String]
    let logger: Logger

    private var state = State.idle {
        didSet { reliability.store(isReliable, ordering: .relaxed) }
    }
    private nonisolated let reliability = Atomic(true)
    /// Where calls go.
    private(set) var current: (any PluginInstance)?
    /// The next version: it has taken over the calls, and run() takes it over when the last one has ended.
    private var successor: Launch?
    /// Every run that has not ended: the current one, one that is being drained, one that is being tried.
    private var open: [any PluginInstance] = []
    private var policy = RestartPolicy()
    private var suspects = CrashSuspects()
    private var restarts = 0
    private var launches = 0
    private var swaps = 0
    private var version: String?
    private var offer: InitializeResult?
    private var lastFailure: String?
    private var needsRepair = false
    /// Of the runs that have ended.
    private var counters = PluginCounters()
    private var latencies = LatencyWindow()
    private var changes = ProgramChanges()
    private var configs = RememberedConfigs()
    var subscriptions = SubscriptionTable()
    /// Rings when there may be something to subscribe to.
    nonisolated let subscriptionBell = Bell()
    /// Reasons for which the present process could not be subscribed to something, as they were logged.
    var loggedRefusals: Set<String> = []
    /// The number of configs with a periodic reader.
    private var uses = 0
    private var lastUse: Duration
    private let wakeBell = Bell()
    private var isStopping = false
    private var isSwapping = false
    private var pause: Task<Void, any Error>?
    private var isSettled = false
    private var settledWaiters: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - random: evenly drawn from 0..<1.
    ///   - onHandshake: takes what the plugin offers; returns what of that cannot be used, and why.
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
        lastUse = dependencies.clock.now()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { dependencies.loop.asUnownedSerialExecutor() }

    // MARK: Life

    /// Runs the plugin until ``stop()``, or until the task is cancelled, which kills the process.
    func run() async {
        var isAgain = false
        while !isStopping, !Task.isCancelled {
            let end = await finish(takeSuccessor() ?? startCurrent(isAgain: isAgain))
            // Another run took its place; that it has ended is as it should be.
            guard successor == nil else { continue }
            current = nil
            subscriptions.end()
            guard !isStopping, !Task.isCancelled else { break }
            if case .resting = state {
                await untilWoken()
            } else {
                await waitForRestart(after: end)
                isAgain = true
            }
        }
        if let successor = takeSuccessor() { _ = await finish(successor) }
        state = .stopped
        settle()
    }

    /// Makes the plugin exit, and ``run()`` return once it has.
    func stop() async {
        isStopping = true
        pause?.cancel()
        wakeBell.ring()
        for instance in open { await instance.stop() }
    }

    /// Returns when the plugin's first start has succeeded or failed.
    func untilSettled() async {
        guard !isSettled else { return }
        await withCheckedContinuation { settledWaiters.append($0) }
    }

    private func startCurrent(isAgain: Bool) -> Launch {
        if isAgain { restarts += 1 }
        state = .starting(isAgain: isAgain)
        let launch = start { initialized in
            self.assumeIsolated { $0.handshakeCompleted(initialized) }
        }
        current = launch.instance
        return launch
    }

    private func start(onHandshake: @escaping @Sendable (InitializeResult) -> Void) -> Launch {
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
        open.append(instance)
        return Launch(instance: instance, end: Task { await instance.run() })
    }

    private func newMarker() -> EnvironmentMarker {
        launches += 1
        return EnvironmentMarker(value: "\(program.name).\(launches).\(UInt64.random(in: 0...UInt64.max))")
    }

    private func takeSuccessor() -> Launch? {
        defer { successor = nil }
        return successor
    }

    /// Waits for the end of a run, and takes over what was counted of it. Cancelling the task kills its processes.
    private func finish(_ launch: Launch) async -> PluginEnd {
        let end = await withTaskCancellationHandler {
            await launch.end.value
        } onCancel: {
            launch.end.cancel()
        }
        let vitals = await launch.instance.vitals
        open.removeAll { $0 === launch.instance }
        counters = counters + vitals.counters
        latencies = vitals.latencies
        return end
    }

    private func handshakeCompleted(_ initialized: InitializeResult) {
        state = .up
        needsRepair = false
        version = initialized.pluginVersion
        offer = initialized
        let conflicts = onHandshake(initialized)
        lastFailure = conflicts.first ?? lastFailure
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
        settle()
    }

    private func waitForRestart(after end: PluginEnd) async {
        let now = dependencies.clock.now()
        let verdict = judge(end, now: now)
        lastFailure = end.failure.message
        needsRepair = end.needsRepair
        state = .waiting(until: now + verdict.delay, isBroken: verdict.isBroken)
        logger.warning(
            verdict.isBroken ? "plugin keeps failing; the next start is a probe" : "plugin ended; restarting it",
            metadata: ["reason": "\(end.failure.logText)", "restartIn": "\(Self.text(verdict.delay))"])
        settle()
        // Awaited right here; a task of its own only so that stop() and a swap can cut it short.
        let pause = Task { try await dependencies.clock.sleep(now + verdict.delay) }
        self.pause = pause
        await withTaskCancellationHandler {
            _ = await pause.result
        } onCancel: {
            pause.cancel()
        }
        self.pause = nil
    }

    private func judge(_ end: PluginEnd, now: Duration) -> RestartPolicy.Verdict {
        guard case .quarantineStarted(let subject, let time) = suspects.ended(end.inFlight, now: now) else {
            return policy.ended(upFor: end.upFor, now: now, random: random())
        }
        logger.error(
            "plugin ended repeatedly on a config; config quarantined",
            metadata: [
                "type": "\(subject.type)", "namespace": "\(subject.party.namespace ?? "none")",
                "time": "\(Self.text(time))",
            ])
        return policy.endedOnQuarantined(random: random())
    }

    private func settle() {
        isSettled = true
        for waiter in settledWaiters { waiter.resume() }
        settledWaiters = []
    }

    // MARK: Resting

    /// Ends the plugin's process whenever it has been idle for that long, until the task is cancelled.
    func restWhenUnused(for time: Duration) async {
        // A program that runs for one call alone never lasts.
        guard program.mode == .serve else { return }
        while !Task.isCancelled {
            let now = dependencies.clock.now()
            if uses == 0, now >= lastUse + time { await rest() }
            let next = uses == 0 && lastUse + time > now ? lastUse + time : now + time
            try? await dependencies.clock.sleep(next)
        }
    }

    private func rest() async {
        guard case .up = state, !isStopping, !isSwapping, successor == nil, let old = current else { return }
        logger.info("idle plugin stopped until it is used")
        state = .resting
        current = nil
        subscriptions.end()
        await old.retire()
    }

    /// Starts the program again; calls wait for its handshake as they do at the first start.
    private func wake() -> any PluginInstance {
        let launch = startCurrent(isAgain: false)
        successor = launch
        wakeBell.ring()
        return launch.instance
    }

    private func untilWoken() async {
        for await _ in wakeBell.rings where successor != nil || isStopping { return }
    }

    /// Registers a periodic reader of a config.
    func beginUse() {
        uses += 1
        lastUse = dependencies.clock.now()
        if case .resting = state, !isStopping { _ = wake() }
    }

    func endUse() {
        uses -= 1
        lastUse = dependencies.clock.now()
    }

    // MARK: Swapping

    /// Checks the program's file, and swaps in a new version once it is complete.
    ///
    /// The new version is started beside the old one and must complete the handshake, offer the same types and accept
    /// the configs that the old one accepted. Then new calls go to it, and the old one ends when it has answered its
    /// own.
    func checkForNewVersion(_ found: ProgramFile.Fingerprint?) async {
        guard !isStopping, !isSwapping, successor == nil, case .up = state, let old = current else { return }
        guard changes.isNewVersion(found, running: await old.vitals.fingerprint) else { return }
        isSwapping = true
        defer { isSwapping = false }
        logger.info("plugin file changed; trying the new version")
        let launch = start { _ in }
        guard let problem = await trial(of: launch, against: old) else { return }
        changes.refuse(found)
        lastFailure = problem
        await launch.instance.stop()
        _ = await finish(launch)
        guard !isStopping else { return }
        logger.error("new plugin version rejected; keeping the old one", metadata: ["problem": "\(problem)"])
    }

    /// - Returns: why the new version does not take over; nil if it has.
    private func trial(of launch: Launch, against old: any PluginInstance) async -> String? {
        await withTaskCancellationHandler {
            guard let initialized = await launch.instance.offer() else { return await launch.end.value.failure.message }
            if let problem = await objection(to: initialized, by: launch.instance) { return problem }
            // The old one may have ended meanwhile: then this saves the wait for the restart.
            guard !isStopping, current == nil || current === old else { return "the plugin was restarted meanwhile" }
            current = launch.instance
            successor = launch
            swaps += 1
            handshakeCompleted(initialized)
            pause?.cancel()
            await old.retire()
            return nil
        } onCancel: {
            launch.end.cancel()
        }
    }

    private func objection(to initialized: InitializeResult, by candidate: any PluginInstance) async -> String? {
        let offered = Set(initialized.metricTypes.map(\.type))
        if let missing = offer?.metricTypes.map(\.type).first(where: { !offered.contains($0) }) {
            return "plugin \(program.name) no longer offers metric type \"\(missing)\""
        }
        for (type, config) in configs.all {
            let answer = await candidate.call(
                .validateConfig(type: type, config: config.json), about: CallSubject(type: type, config: config),
                timeout: PluginHostLimits.validateTimeout, isolation: self)
            switch answer {
            case .success(.verdict(.valid)): continue
            case .success(.verdict(.invalid(let problems))):
                // The config of one user, and the plugin's message about it, must not be shown to other users of the
                // plugin.
                logger.notice(
                    "new plugin version rejects a config",
                    metadata: ["problem": "\(problems.first.map(\.description) ?? "")"])
                return "plugin \(program.name) no longer accepts a config of type \"\(type)\" that it accepted before"
            case .success: return "plugin \(program.name) answered validate_config with something else"
            case .failure(let failure):
                return "plugin \(program.name) cannot check a config of type \"\(type)\" that it accepted before "
                    + "(\(failure.reason))"
            }
        }
        return nil
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

    /// ``call(_:about:timeout:)`` for who runs on the loop's thread already, where to enter the actor and to
    /// leave it again would cost two jobs.
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

    /// Returns the process that takes a call; starts it if it is stopped.
    private func callee(_ subject: CallSubject) -> Result<Callee, PluginFailure> {
        lastUse = dependencies.clock.now()
        var subject = subject
        if !suspects.isEmpty {
            if let time = suspects.quarantine(subject, now: lastUse) {
                return .failure(.quarantined(program.name, for: time))
            }
            subject.party.isSuspect = suspects.isSuspect(subject.key)
        }
        if case .resting = state, !isStopping { return .success(Callee(instance: wake(), subject: subject)) }
        guard let current, !isStopping else { return .failure(notRunning) }
        return .success(Callee(instance: current, subject: subject))
    }

    private func remember(_ subject: CallSubject, _ result: Result<PluginAnswer, PluginFailure>) {
        if case .success(.verdict(let verdict)) = result {
            configs.remember(subject.type, subject.config, verdict)
        }
        if !suspects.isEmpty, result.isAnswer { suspects.answered(subject.key) }
    }

    private var notRunning: PluginFailure {
        let name = program.name
        let last = lastFailure.map { ". Last failure: \($0)" } ?? ""
        switch state {
        case .waiting(let until, let isBroken):
            let left = max(.zero, until - dependencies.clock.now())
            let what = isBroken ? "keeps failing and is probed again" : "is not running and will be restarted"
            return PluginFailure(
                .notRunning, plugin: name, "plugin \(name) \(what) in \(Self.text(left))\(last)", retryAfter: left)
        case .stopped:
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) has stopped, because its host has")
        case .idle, .starting, .up, .resting:
            let what = isStopping ? "is stopping, because its host is" : "has not been started yet"
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) \(what)")
        }
    }

    /// Whether the plugin said at its last handshake that it can tell a metric's history.
    var offersRange: Bool { offer?.capabilities.range ?? false }

    private static func text(_ duration: Duration) -> String {
        duration < .seconds(10) ? "\(Int(duration / .milliseconds(100)) / 10) s" : "\(duration.components.seconds) s"
    }

    // MARK: Health

    func health() async -> PluginHealth {
        var sum = PluginVitals(counters: counters)
        var windows = [latencies]
        for instance in open {
            let vitals = await instance.vitals
            if instance === current {
                sum.process = vitals.process
                sum.subscriptions = vitals.subscriptions
            }
            sum.inFlight += vitals.inFlight
            sum.waiting += vitals.waiting
            sum.counters = sum.counters + vitals.counters
            windows.append(vitals.latencies)
        }
        return PluginHealth(
            name: program.name,
            version: version,
            state: healthState,
            processID: sum.process,
            restarts: restarts,
            swaps: swaps,
            inFlight: sum.inFlight,
            waiting: sum.waiting,
            subscriptions: sum.subscriptions,
            counters: sum.counters,
            latency: LatencyWindow.percentiles(of: windows),
            lastFailure: lastFailure,
            needsRepair: needsRepair
        )
    }

    /// Whether it can be relied on now: it is up, or was not needed until now. Every poll asks, from its own thread.
    nonisolated var isHealthy: Bool { reliability.load(ordering: .relaxed) }

    private var isReliable: Bool {
        switch state {
        case .idle, .starting(isAgain: false), .up, .resting: true
        case .starting(isAgain: true), .waiting, .stopped: false
        }
    }

    private var healthState: PluginHealth.State {
        switch state {
        case .idle, .starting: .starting
        case .up: .up
        case .resting: .resting
        case .waiting(_, let isBroken): isBroken ? .broken : .backingOff
        case .stopped: .stopped
        }
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
