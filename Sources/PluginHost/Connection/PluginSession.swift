import Glibc
import PluginProtocol
import Subprocess
import SystemIO
import SystemPackage
import WireFormats

/// A plugin process from its start to its reaping: the I/O around ``PluginConnection``.
///
/// The session runs on the event loop, which calls it when a pipe is ready. swift-subprocess only spawns and reaps.
actor PluginSession: PluginInstance {
    /// The dependencies that all sessions of a host share.
    struct Dependencies: Sendable {
        let loop: EventLoop
        let time: TimeSource
        let logs: LogPump
        let launcher: PluginLauncher
        let containment: Containment
        let hostVersion: String
        let handshakeTimeout: Duration
    }

    /// The purpose of the process.
    enum Purpose: Sendable {
        /// Serves calls until the process is stopped.
        case serving
        /// Completes the handshake only.
        case introduction
        /// Makes one call to a plugin that completed its handshake in another process.
        case singleCall(InitializeResult)

        /// Whether stdin ends after the first line.
        var isOneshot: Bool { if case .serving = self { false } else { true } }
    }

    /// The caller of a call, and its subject.
    struct Caller {
        let continuation: CheckedContinuation<Result<PluginAnswer, PluginFailure>, Never>
        let subject: CallSubject
    }

    let program: PluginProgram
    let purpose: Purpose
    /// A marker in the environment of this process and its descendants only.
    private let marker: EnvironmentMarker
    let dependencies: Dependencies
    let onHandshake: @Sendable (InitializeResult) -> Void
    let onPush: @Sendable (PluginSession, PushEvent) -> Void

    var connection: PluginConnection
    var logs: PluginLogCapture
    var callers: [Int64: Caller] = [:]
    /// The subscribed subjects by subscription id.
    var subscribed: [Int64: CallSubject] = [:]
    var pipes: PluginPipes?
    var process: Int32 = 0
    private var fingerprint: ProgramFile.Fingerprint?
    var initialized: InitializeResult?
    private var offerWaiters: [CheckedContinuation<Void, Never>] = []
    private var isRetiring = false
    private var hasEnded = false
    var upSince: Duration?
    var stopSequence: StopSequence?
    var closesInputWhenWritten = false
    var isFlushDue = false
    var isFlushing = false
    var isAttending = false
    var outputEndedAt: Duration?
    var errorBytes = FloodMeter(
        perSecond: PluginHostLimits.stderrBytesPerSecond, burst: PluginHostLimits.stderrBurstBytes)
    var errorsPausedUntil: Duration?
    /// The reason why the host ends the process, if it does.
    var verdict: PluginFailure?
    var wakeUp: (at: Duration, task: Task<Void, Never>)?
    private var exit: CheckedContinuation<Void, Never>?

    init(
        program: PluginProgram, purpose: Purpose = .serving, marker: EnvironmentMarker, dependencies: Dependencies,
        onHandshake: @escaping @Sendable (InitializeResult) -> Void = { _ in },
        onPush: @escaping @Sendable (PluginSession, PushEvent) -> Void = { _, _ in }
    ) {
        self.program = program
        self.purpose = purpose
        self.marker = marker
        self.dependencies = dependencies
        self.onHandshake = onHandshake
        self.onPush = onPush
        connection = PluginConnection(plugin: program.name, maxInFlight: program.maxInFlight)
        logs = PluginLogCapture(now: dependencies.time.elapsed())
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { dependencies.loop.asUnownedSerialExecutor() }
    nonisolated var loop: EventLoop { dependencies.loop }
    var now: Duration { dependencies.time.elapsed() }

    var vitals: PluginVitals {
        PluginVitals(
            process: process > 0 ? process : nil, inFlight: connection.inFlight, waiting: connection.waiting,
            subscriptions: connection.subscriptions, counters: connection.counters, latencies: connection.latencies,
            fingerprint: fingerprint)
    }

    // MARK: Life

    /// Starts the process and returns after it has been reaped and none of its descendants is left.
    func run() async -> PluginEnd {
        let failure: PluginFailure
        var couldStart = true
        do {
            let status = try await spawn()
            failure = logs.forLog(verdict ?? crashed(status))
        } catch {
            failure = .notStarted(program, error)
            couldStart = !(error is LaunchProblem)
        }
        let upFor = upSince.map { now - $0 }
        perform(connection.end(failure))
        let inFlight = connection.inFlightAtEnd
        wakeUp?.task.cancel()
        await wakeUp?.task.value
        hasEnded = true
        wakeOfferWaiters()
        return PluginEnd(
            failure: failure, inFlight: inFlight, upFor: upFor,
            needsRepair: !couldStart || failure.kind == .protocolViolation)
    }

    private func crashed(_ status: TerminationStatus) -> PluginFailure {
        let isUp = upSince != nil
        var isShared = isUp
        if case .singleCall = purpose { isShared = false }
        return .crashed(program, status, isUp: isUp, isShared: isShared, lastWords: logs.lastLine)
    }

    func offer() async -> InitializeResult? {
        if initialized == nil, !hasEnded { await withCheckedContinuation { offerWaiters.append($0) } }
        return initialized
    }

    func wakeOfferWaiters() {
        for waiter in offerWaiters { waiter.resume() }
        offerWaiters = []
    }

    /// Fails open calls and makes the process exit. ``run()`` returns afterwards.
    func stop() {
        perform(connection.stop(now: now))
        endInput()
        beginStop(isGraceful: true)
    }

    /// Gives the process the same time to exit on its own as after the end of its stdin.
    func expectExit() {
        endInput()
        beginStop(isGraceful: true)
    }

    /// Kills the process.
    func abort() {
        beginStop(isGraceful: false)
    }

    func retire() {
        isRetiring = true
        stopIfIdle()
    }

    func stopIfIdle() {
        guard isRetiring, stopSequence == nil, connection.isIdle else { return }
        isRetiring = false
        stop()
    }

    private func endInput() {
        closesInputWhenWritten = true
        if pipes?.hasUnwritten != true { pipes?.closeInput() }
    }

    private func spawn() async throws -> TerminationStatus {
        let launch = try await dependencies.launcher.prepare(program, marker: marker)
        fingerprint = launch.fingerprint
        let status: Result<TerminationStatus, any Error>
        do {
            status = .success(try await spawnWhenFree(launch))
        } catch {
            status = .failure(error)
        }
        if let left = await launch.workspace.remove() { log([.leftBehind(left)]) }
        return try status.get()
    }

    /// Spawns the process, with retries while the program is open for writing, which Linux refuses. The process that
    /// wrote it, or a child of that process before its exec, may still have it open. The launcher retries its own exec
    /// in the same way.
    private func spawnWhenFree(_ launch: PluginLauncher.Launch) async throws -> TerminationStatus {
        let end = now + PluginHostLimits.busyProgramTime
        while true {
            do {
                return try await spawn(launch)
            } catch let error as SubprocessError where error.underlyingError == .textFileBusy && now < end {
                try await dependencies.time.sleepUntil(now + PluginHostLimits.busyProgramInterval)
            }
        }
    }

    private func spawn(_ launch: PluginLauncher.Launch) async throws -> TerminationStatus {
        let (ours, theirs) = try PluginPipes.make(loop: loop)
        pipes = ours
        defer {
            ours.closeAll()
            pipes = nil
        }
        let result = try await Subprocess.run(
            launch.configuration,
            input: .fileDescriptor(FileDescriptor(rawValue: theirs.input), closeAfterSpawningProcess: true),
            output: .fileDescriptor(FileDescriptor(rawValue: theirs.output), closeAfterSpawningProcess: true),
            error: .fileDescriptor(FileDescriptor(rawValue: theirs.errors), closeAfterSpawningProcess: true)
        ) { execution in
            try await attend(execution.processIdentifier, temporary: launch.workspace.temporary)
        }
        return result.terminationStatus
    }

    /// Serves the process until it has exited. The process is reaped after this returns, so that its process id and
    /// group id are not reused before.
    private func attend(_ identifier: ProcessIdentifier, temporary: String) async throws {
        process = identifier.value
        let subject = SessionWatch.Subject(limits: program.limits, temporary: temporary) { reason in
            self.loop.execute { self.assumeIsolated { $0.killed(reason) } }
        }
        dependencies.containment.began(process, subject)
        do {
            try watch(identifier.processDescriptor)
        } catch {
            await dependencies.containment.end(process, program, marker: marker)
            throw error
        }
        isAttending = true
        if stopSequence == nil {
            perform(begin())
            if purpose.isOneshot { endInput() }
        } else {
            pipes?.closeInput()
            scheduleWakeUp()
        }
        await withCheckedContinuation { exit = $0 }
        isAttending = false
        loop.unwatch(identifier.processDescriptor)
        drain()
        await dependencies.containment.end(process, program, marker: marker)
    }

    private func watch(_ processDescriptor: Int32) throws {
        guard processDescriptor >= 0 else {
            throw UnsupportedKernel()
        }
        try pipes?.watch(.output) { self.assumeIsolated { $0.outputReady() } }
        try pipes?.watch(.errors) { self.assumeIsolated { $0.errorsReady() } }
        try loop.watch(processDescriptor, for: .readable) {
            self.assumeIsolated { $0.exited() }
        }
    }

    /// Handles that the host has killed the process for its resource use.
    private func killed(_ reason: String) {
        verdict = .exceeded(program, reason)
    }

    private func begin() -> [PluginConnection.Action] {
        if case .singleCall(let initialized) = purpose {
            logs.learn(initialized.metricTypes)
            upSince = now
            return connection.begin(knowing: initialized, now: now)
        }
        let params = InitializeParams(hostName: "generalscaler", hostVersion: dependencies.hostVersion)
        return connection.begin(params, timeout: dependencies.handshakeTimeout, now: now)
    }

    private func exited() {
        exit?.resume()
        exit = nil
    }

    /// Reads what the process left in its pipes, which a descendant may still hold open.
    private func drain() {
        var bytes = 0
        while bytes < PluginHostLimits.maxBytesAfterExit, case .bytes(let count)? = pipes?.read(.output) {
            perform(connection.receive(chunk(count), now: now))
            bytes += count
        }
        while bytes < PluginHostLimits.maxBytesAfterExit, case .bytes(let count)? = pipes?.read(.errors) {
            log(logs.receive(chunk(count), now: now))
            bytes += count
        }
        log(logs.finish(now: now))
        pipes?.closeAll()
    }

    // MARK: Calls

    func call(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Result<PluginAnswer, PluginFailure> {
        let id = alreadyOnLoop { session in
            session.logs.learn(type: subject.type, config: subject.config)
            return session.connection.reserveID()
        }
        return await withTaskCancellationHandler {
            // Names the isolation, because this closure would otherwise not be isolated like its function.
            await withCheckedContinuation(isolation: isolation) { continuation in
                let caller = Caller(continuation: continuation, subject: subject)
                assumeIsolated { $0.submit(request, id: id, timeout: timeout, caller) }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.cancel(id) } }
        }
    }

    private func submit(_ request: PluginRequest, id: Int64, timeout: Duration, _ caller: Caller) {
        callers[id] = caller
        perform(connection.submit(request, id: id, about: caller.subject, timeout: timeout, now: now))
    }

    private func cancel(_ id: Int64) {
        perform(connection.cancel(id, now: now))
    }

    func unsubscribe(_ subscription: Int64) {
        subscribed[subscription] = nil
        perform(connection.unsubscribe(subscription, now: now))
    }
}
