import Logging
import PluginProtocol
import WireFormats

/// Keeps one plugin running: starts its process, and starts it again when it ends.
///
/// It lives on the event loop, as its sessions do, so that a call passes through it without a change of thread.
actor PluginSupervisor {
    private enum State {
        case idle
        case starting
        case up
        case waiting(until: Duration, isBroken: Bool)
        case stopped
    }

    nonisolated let program: PluginProgram
    private let surroundings: PluginSession.Surroundings
    private let random: @Sendable () -> Double
    private let onHandshake: @Sendable (InitializeResult) -> [String]
    private let logger: Logger

    private var state = State.idle
    private var session: PluginSession?
    private var policy = RestartPolicy()
    private var launches = 0
    private var version: String?
    private var lastFailure: String?
    /// Of the sessions that have ended.
    private var counters = PluginCounters()
    private var isStopping = false
    private var pause: Task<Void, any Error>?
    private var isSettled = false
    private var settledWaiters: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - random: evenly drawn from 0..<1.
    ///   - onHandshake: takes what the plugin offers; returns what is wrong with that in sum with other plugins.
    init(
        program: PluginProgram, surroundings: PluginSession.Surroundings, logger: Logger,
        random: @escaping @Sendable () -> Double, onHandshake: @escaping @Sendable (InitializeResult) -> [String]
    ) {
        self.program = program
        self.surroundings = surroundings
        self.random = random
        self.onHandshake = onHandshake
        var logger = logger
        logger[metadataKey: "plugin"] = "\(program.name)"
        self.logger = logger
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { surroundings.loop.asUnownedSerialExecutor() }

    // MARK: Life

    /// Runs the plugin until ``stop()``, or until the task is cancelled, which kills the process.
    func run() async {
        while !isStopping, !Task.isCancelled {
            let end = await runSession()
            guard !isStopping, !Task.isCancelled else { break }
            await waitForRestart(after: end)
        }
        state = .stopped
        settle()
    }

    /// Makes the plugin exit, and ``run()`` return once it has.
    func stop() async {
        isStopping = true
        pause?.cancel()
        await session?.stop()
    }

    /// Returns when the plugin's first start has succeeded or failed.
    func untilSettled() async {
        guard !isSettled else { return }
        await withCheckedContinuation { settledWaiters.append($0) }
    }

    private func runSession() async -> PluginSession.End {
        state = .starting
        launches += 1
        let marker = EnvironmentMarker(value: "\(program.name).\(launches).\(UInt64.random(in: 0...UInt64.max))")
        let session = PluginSession(program: program, marker: marker, surroundings: surroundings) { initialized in
            self.assumeIsolated { $0.handshaken(initialized) }
        }
        self.session = session
        let end = await session.run()
        self.session = nil
        counters = counters + (await session.counters)
        return end
    }

    private func handshaken(_ initialized: InitializeResult) {
        state = .up
        version = initialized.pluginVersion
        let conflicts = onHandshake(initialized)
        lastFailure = conflicts.first ?? lastFailure
        for conflict in conflicts {
            logger.error("Metric type is offered by two plugins", metadata: ["problem": "\(conflict)"])
        }
        logger.info(
            "Plugin is up",
            metadata: [
                "version": "\(initialized.pluginVersion)",
                "types": "\(initialized.metricTypes.map(\.type).joined(separator: ", "))",
                "maxInFlight": "\(initialized.capabilities.maxInFlight)",
            ])
        settle()
    }

    private func waitForRestart(after end: PluginSession.End) async {
        let now = surroundings.clock.now()
        let verdict = policy.ended(upFor: end.upFor, now: now, random: random())
        lastFailure = end.failure.message
        state = .waiting(until: now + verdict.delay, isBroken: verdict.isBroken)
        logger.warning(
            verdict.isBroken ? "Plugin keeps failing, next try is a probe" : "Plugin ended, will be restarted",
            metadata: ["reason": "\(end.failure.message)", "restartIn": "\(Self.text(verdict.delay))"])
        settle()
        // Awaited right here; a task of its own only so that stop() can cut it short.
        let pause = Task { try await surroundings.clock.sleep(now + verdict.delay) }
        self.pause = pause
        await withTaskCancellationHandler {
            _ = await pause.result
        } onCancel: {
            pause.cancel()
        }
        self.pause = nil
    }

    private func settle() {
        isSettled = true
        for waiter in settledWaiters { waiter.resume() }
        settledWaiters = []
    }

    // MARK: Calls

    func call(
        _ request: PluginRequest, type: String, config: JSON, timeout: Duration
    ) async -> Result<PluginAnswer, PluginFailure> {
        guard let session, !isStopping else { return .failure(notRunning) }
        return await session.call(request, type: type, config: config, timeout: timeout)
    }

    private var notRunning: PluginFailure {
        let name = program.name
        let last = lastFailure.map { ". Last failure: \($0)" } ?? ""
        switch state {
        case .waiting(let until, let isBroken):
            let left = max(.zero, until - surroundings.clock.now())
            let what = isBroken ? "keeps failing and is probed again" : "is not running and is started again"
            return PluginFailure(
                .notRunning, plugin: name, "plugin \(name) \(what) in \(Self.text(left))\(last)", retryAfter: left)
        case .stopped:
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) has stopped, because its host has")
        case .idle, .starting, .up:
            let what = isStopping ? "is stopping, because its host is" : "has not been started yet"
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) \(what)")
        }
    }

    private static func text(_ duration: Duration) -> String {
        duration < .seconds(10) ? "\(Int(duration / .milliseconds(100)) / 10) s" : "\(duration.components.seconds) s"
    }

    // MARK: Health

    func health() async -> PluginHealth {
        let open = session
        return PluginHealth(
            name: program.name,
            version: version,
            state: healthState,
            processID: await open?.process,
            restarts: max(0, launches - 1),
            inFlight: await open?.inFlight ?? 0,
            waiting: await open?.waiting ?? 0,
            counters: counters + (await open?.counters ?? PluginCounters()),
            lastFailure: lastFailure
        )
    }

    private var healthState: PluginHealth.State {
        switch state {
        case .idle, .starting: .starting
        case .up: .up
        case .waiting(_, let isBroken): isBroken ? .broken : .backingOff
        case .stopped: .stopped
        }
    }
}
