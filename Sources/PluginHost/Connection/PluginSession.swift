import Glibc
import PluginProtocol
import Subprocess
import SystemPackage
import WireFormats

/// A plugin process, from its start to its reaping: the thin shell around ``PluginConnection``.
///
/// It lives on the event loop, which calls it when a pipe is ready. swift-subprocess only spawns and reaps.
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
        /// One call after another, until the process is stopped.
        case serving
        /// To tell what it offers, no more.
        case introduction
        /// One call, of a plugin that completed its handshake in another process.
        case singleCall(InitializeResult)

        /// Its stdin ends after the first line.
        var isOneshot: Bool { if case .serving = self { false } else { true } }
    }

    /// The caller of a call, and its subject.
    private struct Caller {
        let continuation: CheckedContinuation<Result<PluginAnswer, PluginFailure>, Never>
        let subject: CallSubject
    }

    private let program: PluginProgram
    private let purpose: Purpose
    /// In the environment of this process and its descendants alone.
    private let marker: EnvironmentMarker
    private let dependencies: Dependencies
    private let onHandshake: @Sendable (InitializeResult) -> Void
    private let onPush: @Sendable (PluginSession, PushEvent) -> Void

    private var connection: PluginConnection
    private var logs: PluginLogCapture
    private var callers: [Int64: Caller] = [:]
    /// What the plugin was subscribed to, by the id under which it pushes.
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
    /// Why the host ends the process, if it does.
    private var verdict: PluginFailure?
    private var alarm: (at: Duration, task: Task<Void, Never>)?
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

    /// Starts the process and stays until it has been reaped and none of its descendants is left.
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
        alarm?.task.cancel()
        await alarm?.task.value
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

    /// Fails the open calls and makes the process exit. ``run()`` returns once it has.
    func stop() {
        perform(connection.stop(now: now))
        endInput()
        beginStop(isGraceful: true)
    }

    /// Gives the process the time to exit by itself that one has whose stdin has ended.
    func expectExit() {
        endInput()
        beginStop(isGraceful: true)
    }

    /// Ends the process at once.
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

    /// Linux does not run a program that is open for writing. The process that has just written it may still have it
    /// open, and so may a child of that process that has not run its own program yet. The launcher waits in the same
    /// way for the program that it becomes.
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

    /// Serves the process until it has exited. It is reaped after this returns, so until then its id, as that of its
    /// group, names no other.
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
            setAlarm()
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

    /// Handles that the host has killed the process because of its resource use.
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

    /// Takes in what the process left in its pipes, which a descendant may still hold open.
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
            // Named, for otherwise this closure would not be isolated as its function is.
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
            // Most often the process is about to exit, and the exit says more.
            outputEndedAt = now
            setAlarm()
        case .nothingYet, nil: break
        }
    }

    private func errorsReady() {
        guard case .bytes(let count)? = pipes?.read(.errors) else { return }
        log(logs.receive(chunk(count), now: now))
        guard !errorBytes.take(count, now: now) else { return }
        pipes?.pause(.errors)
        errorsPausedUntil = now + errorBytes.wait
        setAlarm()
    }

    private func resumeErrors() {
        guard let until = errorsPausedUntil, now >= until else { return }
        errorsPausedUntil = nil
        // It was watched before; if the system has no memory for it, the plugin waits forever, and is ended because of
        // it.
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
        setAlarm()
    }

    private func complete(_ id: Int64, _ result: Result<PluginAnswer, PluginFailure>) {
        guard let caller = callers.removeValue(forKey: id) else { return }
        if case .success(.subscribed(let subscription)) = result { subscribed[subscription] = caller.subject }
        let (shown, notes) = logs.shown(result, of: caller.subject, plugin: program.name, now: now)
        log(notes)
        caller.continuation.resume(returning: shown)
    }

    /// Returns a pushed reading with redacted texts; without its detail if nothing is subscribed under its id any more.
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

    /// Writes after the jobs that wait on the loop now, so that calls made together share a system call; before that
    /// if there is much, so that the plugin works on it meanwhile.
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
        setAlarm()
    }

    private var nextWake: Duration? {
        guard stopSequence != nil || outputEndedAt != nil || errorsPausedUntil != nil else {
            return connection.nextWake
        }
        let outputGrace = outputEndedAt.map { $0 + PluginHostLimits.outputEndGrace }
        return [connection.nextWake, stopSequence?.nextWake, outputGrace, errorsPausedUntil].compactMap { $0 }.min()
    }

    /// Wakes at the next time that matters. A wake that has become needless does no harm, so calls that end early
    /// cost nothing here.
    private func setAlarm() {
        guard isAttending, let wake = nextWake else { return }
        if let alarm {
            guard wake < alarm.at else { return }
            alarm.task.cancel()
        }
        // Ends by itself, or is cancelled: here, or in run(), which awaits it.
        let task = Task {
            do { try await dependencies.clock.sleep(wake) } catch { return }
            ring()
        }
        alarm = (wake, task)
    }

    private func ring() {
        alarm = nil
        resumeErrors()
        // What lies in the pipe by now came in time: it is this thread that may have been held up.
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

/// `NAME=value`, in the environment of one launch of a plugin alone.
struct EnvironmentMarker: Sendable, Hashable {
    let name = "GENERALSCALER_PLUGIN_RUN"
    let value: String

    var assignment: String { "\(name)=\(value)" }
}

/// The kernel has no process descriptors, without which a process cannot be distinguished from a later one with the
/// same id.
struct UnsupportedKernel: Error, CustomStringConvertible {
    var description: String { "the kernel is too old: Linux 5.4 or newer is needed" }
}
