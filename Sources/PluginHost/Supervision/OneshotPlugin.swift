import PluginProtocol
import SystemIO
import WireFormats

/// A plugin whose program runs once for each call, with the request as the whole of its stdin: for shell scripts.
///
/// A separate process completes the handshake once. Afterwards, a process that fails affects only its own call.
actor OneshotPlugin: PluginInstance {
    private struct Waiter {
        let continuation: CheckedContinuation<Bool, Never>
        let party: CallParty
        let timer: Task<Void, Never>
    }

    private let program: PluginProgram
    private let makeMarker: @Sendable () -> EnvironmentMarker
    private let dependencies: PluginSession.Dependencies
    private let onHandshake: @Sendable (InitializeResult) -> Void

    private var introduction: PluginSession?
    private var initialized: InitializeResult?
    private var sessions: [Int: PluginSession] = [:]
    /// Calls with a slot, each with a process or about to start one.
    private var turnsTaken = 0
    private var nextID = 0
    private var waiters: [Int: Waiter] = [:]
    private var queue = FairQueue()
    private var shares = FairShares()
    private var counters = PluginCounters()
    private var latencies = LatencyWindow()
    private var fingerprint: ProgramFile.Fingerprint?
    private var offerWaiters: [CheckedContinuation<Void, Never>] = []
    private var hasEnded = false
    private var isStopping = false
    private var isRetiring = false
    private var whenIdle: CheckedContinuation<Void, Never>?

    init(
        program: PluginProgram, dependencies: PluginSession.Dependencies,
        makeMarker: @escaping @Sendable () -> EnvironmentMarker,
        onHandshake: @escaping @Sendable (InitializeResult) -> Void
    ) {
        self.program = program
        self.dependencies = dependencies
        self.makeMarker = makeMarker
        self.onHandshake = onHandshake
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { dependencies.loop.asUnownedSerialExecutor() }
    private var now: Duration { dependencies.time.elapsed() }

    var vitals: PluginVitals {
        PluginVitals(
            inFlight: turnsTaken, waiting: waiters.count, counters: counters, latencies: latencies,
            fingerprint: fingerprint ?? introduction?.assumeIsolated { $0.vitals.fingerprint })
    }

    private var maxInFlight: Int {
        min(initialized?.capabilities.maxInFlight ?? 1, program.maxInFlight ?? PluginHostLimits.maxInFlight)
    }

    // MARK: Life

    func run() async -> PluginEnd {
        guard !isStopping else { return ended(PluginEnd(failure: stopped, upFor: nil)) }
        let introduction = PluginSession(
            program: program, purpose: .introduction, marker: makeMarker(), dependencies: dependencies
        ) { [onHandshake] initialized in
            self.assumeIsolated { $0.introduced(initialized) }
            onHandshake(initialized)
        }
        self.introduction = introduction
        let end = await introduction.run()
        self.introduction = nil
        fingerprint = await introduction.vitals.fingerprint
        guard initialized != nil else { return ended(end) }
        let upSince = now
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                whenIdle = continuation
                endIfIdle()
            }
        } onCancel: {
            dependencies.loop.execute { self.assumeIsolated { $0.cut() } }
        }
        return ended(PluginEnd(failure: stopped, upFor: now - upSince))
    }

    private func ended(_ end: PluginEnd) -> PluginEnd {
        hasEnded = true
        introduced(initialized)
        return end
    }

    func offer() async -> InitializeResult? {
        if initialized == nil, !hasEnded { await withCheckedContinuation { offerWaiters.append($0) } }
        return initialized
    }

    private func introduced(_ initialized: InitializeResult?) {
        self.initialized = initialized
        for waiter in offerWaiters { waiter.resume() }
        offerWaiters = []
        guard initialized != nil else { return end() }
        giveTurns()
    }

    func stop() {
        isStopping = true
        introduction?.assumeIsolated { $0.stop() }
        for session in sessions.values { session.assumeIsolated { $0.stop() } }
        end()
    }

    func retire() {
        isRetiring = true
        endIfIdle()
    }

    /// Ends the runs when the host is cancelled.
    private func cut() {
        isStopping = true
        for session in sessions.values { session.assumeIsolated { $0.abort() } }
        end()
    }

    private func end() {
        for id in waiters.keys { wake(id, isReady: false) }
        endIfIdle()
    }

    private func endIfIdle() {
        guard isStopping || isRetiring, turnsTaken == 0, waiters.isEmpty else { return }
        whenIdle?.resume()
        whenIdle = nil
    }

    private var stopped: PluginFailure { .stopping(program.name) }

    // MARK: Calls

    func call(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Result<PluginAnswer, PluginFailure> {
        await runOnce(request, about: subject, timeout: timeout)
    }

    /// Does nothing: a process for one call has no subscriptions.
    func unsubscribe(_ subscription: Int64) {}

    private func runOnce(
        _ request: PluginRequest, about subject: CallSubject, timeout: Duration
    ) async -> Result<PluginAnswer, PluginFailure> {
        guard !isStopping else { return .failure(stopped) }
        let deadline = now + timeout
        guard !hasEnded, await turn(by: deadline, subject.party), let initialized else {
            return .failure(refusal(request, timeout: timeout))
        }
        let start = now
        let id = nextID
        nextID += 1
        let session = PluginSession(
            program: program, purpose: .singleCall(initialized), marker: makeMarker(), dependencies: dependencies)
        sessions[id] = session
        // Ends with the process, for which run() waits too: run() returns after all slots have been released.
        Task {
            _ = await session.run()
            await ended(id, session, subject.party)
        }
        let result = await session.call(request, about: subject, timeout: deadline - start)
        if case .failure(let failure) = result, failure.kind == .deadlineExceeded || failure.kind == .cancelled {
            await session.abort()
        } else {
            latencies.record(now - start)
            await session.expectExit()
        }
        return result
    }

    private func ended(_ id: Int, _ session: PluginSession, _ party: CallParty) async {
        let vitals = await session.vitals
        sessions[id] = nil
        counters = counters + vitals.counters
        fingerprint = vitals.fingerprint ?? fingerprint
        turnsTaken -= 1
        shares.end(party)
        giveTurns()
        endIfIdle()
    }

    private func refusal(_ request: PluginRequest, timeout: Duration) -> PluginFailure {
        if isStopping { return stopped }
        if hasEnded {
            return PluginFailure(
                .notRunning, plugin: program.name, "plugin \(program.name) ended before it answered initialize")
        }
        return waiters.count >= PluginHostLimits.maxQueuedCalls
            ? .busy(program.name, maxInFlight: maxInFlight)
            : .missedDeadline(
                program.name, method: request.method, timeout: timeout,
                initialized == nil ? .handshake : .queued(maxInFlight: maxInFlight))
    }

    // MARK: Turns

    /// Waits for the handshake and for a free slot.
    ///
    /// - Returns: false if the deadline has passed, too many calls are queued, or the plugin is stopping.
    private func turn(by deadline: Duration, _ party: CallParty) async -> Bool {
        guard initialized == nil || turnsTaken >= maxInFlight || !shares.mayBegin(party, maxInFlight: maxInFlight)
        else {
            takeTurn(party)
            return true
        }
        guard waiters.count < PluginHostLimits.maxQueuedCalls else { return false }
        let id = nextID
        nextID += 1
        return await withCheckedContinuation { continuation in
            // Cancelled in wake(_:isReady:), and ends at the deadline.
            let timer = Task {
                do { try await dependencies.time.sleepUntil(deadline) } catch { return }
                wake(id, isReady: false)
            }
            waiters[id] = Waiter(continuation: continuation, party: party, timer: timer)
            queue.append(Int64(id), of: party)
        }
    }

    private func takeTurn(_ party: CallParty) {
        turnsTaken += 1
        shares.begin(party)
    }

    /// Assigns free slots to queued calls.
    private func giveTurns() {
        while turnsTaken < maxInFlight,
            let next = queue.popNext(
                where: { shares.mayBegin($0, maxInFlight: maxInFlight) }, isWaiting: { waiters[Int($0)] != nil }),
            let waiter = waiters[Int(next)]
        {
            takeTurn(waiter.party)
            wake(Int(next), isReady: true)
        }
    }

    private func wake(_ id: Int, isReady: Bool) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.timer.cancel()
        waiter.continuation.resume(returning: isReady)
    }
}
