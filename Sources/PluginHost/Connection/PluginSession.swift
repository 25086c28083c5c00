import Glibc
import PluginProtocol
import Subprocess
import SystemPackage
import WireFormats

/// A plugin process from its start to its reaping: the I/O around ``PluginConnection``.
///
/// The session runs on the event loop, which calls it when a pipe is ready. swift-subprocess only spawns and reaps.
actor PluginSession: PluginInstance {
    /// The dependencies that all sessions of a host share.
    struct Dependencies: Sendable {
        let loop: EventLoop
        let clock: HostClock
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
    private struct Caller {
        let continuation: CheckedContinuation<Result<PluginAnswer, PluginFailure>, Never>
        let subject: CallSubject
    }

    private let program: PluginProgram
    private let purpose: Purpose
    /// A marker in the environment of this process and its descendants only.
    private let marker: EnvironmentMarker
    private let dependencies: Dependencies
    private let onHandshake: @Sendable (InitializeResult) -> Void
    private let onPush: @Sendable (PluginSession, PushEvent) -> Void

    private var connection: PluginConnection
    private var logs: PluginLogCapture
    private var callers: [Int64: Caller] = [:]
    /// The subscribed subjects by subscription id.
    private var subscribed: [Int64: CallSubject] = [:]
    private var pipes: PluginPipes?
    private var process: Int32 = 0
    private var fingerprint: ProgramFile.Fingerprint?
    private var initialized: InitializeResult?
    private var offerWaiters: [CheckedContinuation<Void, Never>] = []
    private var isRetiring = false
    private var hasEnded = false
    private var upSince: Duration?
    private var stopSequence: StopSequence?
    private var closesInputWhenWritten = false
    private var isFlushDue = false
    private var isFlushing = false
    private var isAttending = false
    private var outputEndedAt: Duration?
    private var errorBytes = FloodMeter(
        perSecond: PluginHostLimits.stderrBytesPerSecond, burst: PluginHostLimits.stderrBurstBytes)
    private var errorsPausedUntil: Duration?
    /// The reason why the host ends the process, if it does.
    private var verdict: PluginFailure?
    private var wakeUp: (at: Duration, task: Task<Void, Never>)?
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
        logs = PluginLogCapture(now: dependencies.clock.now())
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { dependencies.loop.asUnownedSerialExecutor() }
    private nonisolated var loop: EventLoop { dependencies.loop }
    private var now: Duration { dependencies.clock.now() }

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

    private func wakeOfferWaiters() {
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

    private func stopIfIdle() {
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
                try await dependencies.clock.sleep(now + PluginHostLimits.busyProgramInterval)
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

    // MARK: Events

    private func outputReady() {
        switch pipes?.read(.output) {
        case .bytes(let count): perform(connection.receive(chunk(count), now: now))
        case .end:
            // Usually the process is about to exit, and its exit status is more specific.
            outputEndedAt = now
            scheduleWakeUp()
        case .nothingYet, nil: break
        }
    }

    private func errorsReady() {
        guard case .bytes(let count)? = pipes?.read(.errors) else { return }
        log(logs.receive(chunk(count), now: now))
        guard !errorBytes.take(count, now: now) else { return }
        pipes?.pause(.errors)
        errorsPausedUntil = now + errorBytes.wait
        scheduleWakeUp()
    }

    private func resumeErrors() {
        guard let until = errorsPausedUntil, now >= until else { return }
        errorsPausedUntil = nil
        // The descriptor was watched before. If the system is out of memory, the plugin blocks and is ended for that.
        try? pipes?.watch(.errors) { self.assumeIsolated { $0.errorsReady() } }
    }

    /// Returns the bytes last read. Valid until the next read on this loop.
    private func chunk(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])
    }

    private func perform(_ actions: [PluginConnection.Action]) {
        for action in actions {
            switch action {
            case .write(let bytes):
                pipes?.queue(bytes)
                scheduleFlush()
            case .complete(let id, let result):
                complete(id, result)
            case .handshakeCompleted(let initialized):
                upSince = now
                logs.learn(initialized.metricTypes)
                self.initialized = initialized
                onHandshake(initialized)
                wakeOfferWaiters()
                if purpose.isOneshot { expectExit() }
            case .giveUp(let failure):
                verdict = failure
                beginStop(isGraceful: false)
            case .endInput(let failure):
                verdict = failure
                expectExit()
            case .log(let note):
                log(logs.admit(note, now: now))
            case .pushed(let readings):
                onPush(self, .readings(readings.map(shown)))
            case .subscriptionEnded(let end):
                subscribed[end.subscription] = nil
                onPush(
                    self, .ended(SubscriptionEnd(subscription: end.subscription, message: logs.cleared(end.message))))
            }
        }
        stopIfIdle()
        scheduleWakeUp()
    }

    private func complete(_ id: Int64, _ result: Result<PluginAnswer, PluginFailure>) {
        guard let caller = callers.removeValue(forKey: id) else { return }
        if case .success(.subscribed(let subscription)) = result { subscribed[subscription] = caller.subject }
        let (shown, notes) = logs.shown(result, of: caller.subject, plugin: program.name, now: now)
        log(notes)
        caller.continuation.resume(returning: shown)
    }

    /// Returns a pushed reading with redacted texts; without its detail if the subscription has ended.
    private func shown(_ pushed: PushedReading) -> PushedReading {
        var pushed = pushed
        if let subject = subscribed[pushed.subscription] {
            pushed.reading = logs.texts(of: subject, plugin: program.name).shown(pushed.reading)
        } else {
            pushed.reading.detail = nil
            pushed.reading.unit = nil
        }
        return pushed
    }

    private func log(_ notes: [PluginNote]) {
        for note in notes { dependencies.logs.log(.init(plugin: program.name, process: process, note: note)) }
    }

    /// Schedules a write after the queued jobs, so that calls made together share a system call; earlier if there are
    /// many bytes, so that the plugin can start.
    private func scheduleFlush() {
        if let pipes, pipes.unwrittenBytes >= PluginHostLimits.bytesWrittenEarly, !isFlushing { return flush() }
        guard !isFlushDue else { return }
        isFlushDue = true
        loop.execute { self.assumeIsolated { $0.flush() } }
    }

    private func flush() {
        isFlushDue = false
        guard let pipes else { return }
        isFlushing = true
        defer { isFlushing = false }
        let count = pipes.flush { self.assumeIsolated { $0.flush() } }
        if closesInputWhenWritten, !pipes.hasUnwritten { pipes.closeInput() }
        if count > 0 { perform(connection.wrote(count, now: now)) }
    }

    // MARK: Time

    private func beginStop(isGraceful: Bool) {
        guard stopSequence == nil else { return }
        stopSequence = StopSequence(isGraceful: isGraceful, now: now)
        if !isGraceful { pipes?.closeInput() }
        scheduleWakeUp()
    }

    private var nextWake: Duration? {
        guard stopSequence != nil || outputEndedAt != nil || errorsPausedUntil != nil else {
            return connection.nextWake
        }
        let outputGrace = outputEndedAt.map { $0 + PluginHostLimits.outputEndGrace }
        return [connection.nextWake, stopSequence?.nextWake, outputGrace, errorsPausedUntil].compactMap { $0 }.min()
    }

    /// Schedules a wake-up at the next relevant time. Unneeded wake-ups are harmless, so that calls that end early cost
    /// nothing.
    private func scheduleWakeUp() {
        guard isAttending, let wake = nextWake else { return }
        if let wakeUp {
            guard wake < wakeUp.at else { return }
            wakeUp.task.cancel()
        }
        // Ends by itself or is cancelled, here or in run(), which awaits it.
        let task = Task {
            do { try await dependencies.clock.sleep(wake) } catch { return }
            wokeUp()
        }
        wakeUp = (wake, task)
    }

    private func wokeUp() {
        wakeUp = nil
        resumeErrors()
        // Bytes that are in the pipe now arrived in time: this thread may have been delayed.
        if pipes?.isOpen(.output) == true { outputReady() }
        let now = now
        while isAttending, let step = stopSequence?.next(now: now) {
            kill(-process, step == .terminate ? SIGTERM : SIGKILL)
        }
        if let ended = outputEndedAt, now >= ended + PluginHostLimits.outputEndGrace {
            outputEndedAt = nil
            perform(connection.outputClosed())
        }
        perform(connection.tick(now: now))
    }
}
