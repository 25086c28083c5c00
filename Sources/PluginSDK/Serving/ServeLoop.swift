import PluginProtocol
import Synchronization
import WireFormats

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The I/O around ``ServeSession``: one thread that reads, runs the calls' tasks, and writes complete lines.
///
/// A call that never waits costs two system calls: read and write. One that waits for sockets stays on this thread too.
final class ServeLoop {
    private let runtime: PluginRuntime
    private let input: Int32
    private let output: Int32
    private let executor: LoopExecutor
    private var session: ServeSession
    private var splitter: LineSplitter
    private var readBuffer: [UInt8] = Array(repeating: 0, count: ServeLimits.readChunkBytes)
    private var unsent: [UInt8] = []
    private var pollEntries: [pollfd] = []
    private var inputEnded = false
    private let inputBlocks: Bool
    private var tasks: [ServeSession.CallToken: Task<Void, Never>] = [:]

    /// - Parameters:
    ///   - input: read from, not closed.
    ///   - output: written to, not closed.
    init(_ runtime: PluginRuntime, input: Int32, output: Int32) throws(SystemCallError) {
        self.runtime = runtime
        self.input = input
        self.output = output
        inputBlocks = Descriptor.blocks(input)
        executor = try LoopExecutor()
        session = ServeSession(identity: runtime.identity, validate: runtime.validate)
        splitter = LineSplitter(maxBytes: runtime.identity.capabilities.maxRequestBytes)
    }

    /// Serves until the host shuts the plugin down, ends its input, or stops reading. Blocks the thread.
    func run() {
        while true {
            // Before the calls run, because one that blocks must not delay answers that are ready.
            guard flush() else { break }
            executor.runJobs()
            collectOutcomes()
            if runtime.identity.capabilities.subscribe { collectPushes(.now) }
            if session.nextDeadline != nil { expireCalls(.now) }
            guard flush() else { break }
            if session.isOver(now: .now) { break }
            if executor.prepareToSleep() { waitForInput() }
        }
        for task in tasks.values { task.cancel() }
    }

    private func collectOutcomes() {
        for (token, outcome) in executor.takeOutcomes() {
            if case .success(.subscribed) = outcome {} else { tasks[token] = nil }
            if let answer = session.finish(token, outcome) { unsent += answer }
        }
    }

    private func collectPushes(_ now: ContinuousClock.Instant) {
        let (readings, ends) = executor.takePushes()
        for (token, reading) in readings { session.push(reading, from: token, now: now) }
        unsent += session.takePushes(now: now)
        for (token, error) in ends {
            tasks[token] = nil
            if let line = session.endSubscription(token, because: error) { unsent += line }
        }
    }

    private func expireCalls(_ now: ContinuousClock.Instant) {
        for (token, answer) in session.expire(now: now) {
            unsent += answer
            tasks[token]?.cancel()
        }
    }

    private func flush() -> Bool {
        if unsent.isEmpty { return true }
        defer { unsent.removeAll(keepingCapacity: true) }
        return Descriptor.writeAll(unsent, to: output)
    }

    private func waitForInput() {
        // Only calls' tasks add jobs: without one, only input can arrive, and the read itself waits.
        if tasks.isEmpty, inputBlocks, !inputEnded {
            executor.didWake(wasSignalled: false)
            return readInput()
        }
        let (waits, limit) = executor.currentWaits()
        pollEntries.removeAll(keepingCapacity: true)
        pollEntries.append(pollfd(fd: inputEnded ? -1 : input, events: Int16(POLLIN), revents: 0))
        pollEntries.append(pollfd(fd: executor.wakeUpDescriptor, events: Int16(POLLIN), revents: 0))
        for wait in waits { pollEntries.append(wait.entry) }
        let deadline = [session.nextDeadline, limit].compactMap(\.self).min()
        Descriptor.wait(for: &pollEntries, timeout: deadline.map { ContinuousClock.now.duration(to: $0) })
        executor.didWake(wasSignalled: pollEntries[1].revents != 0)
        for (wait, entry) in zip(waits, pollEntries[2...]) where entry.revents != 0 {
            executor.end(wait.token, with: entry.revents)
        }
        if let limit, limit <= .now {
            let now = ContinuousClock.now
            for wait in waits where wait.limit <= now { executor.end(wait.token, with: nil) }
        }
        if pollEntries[0].revents != 0 { readInput() }
    }

    private func readInput() {
        switch Descriptor.read(input, into: &readBuffer) {
        case .wouldBlock: return
        case .end:
            inputEnded = true
            session.endOfInput(now: .now)
        case .bytes(let count):
            splitter.append(readBuffer[..<count])
            let now = ContinuousClock.now
            while let line = splitter.next() { perform(session.receive(line, now: now)) }
        }
    }

    private func perform(_ step: ServeSession.Step) {
        switch step {
        case .nothing: break
        case .answer(let line): unsent += line
        case .shutDown(let lines): unsent += lines
        case .abandon(let token, let answer):
            unsent += answer
            tasks[token]?.cancel()
        case .start(let call): start(call)
        }
    }

    private func start(_ call: ServeSession.Call) {
        if call.question == .changes { return subscribe(call) }
        switch runtime.prepare(call) {
        case .failure(let error):
            if let answer = session.finish(call.token, .failure(error)) { unsent += answer }
        case .success(let body):
            // The executor's outcomes report its end.
            tasks[call.token] = Task(executorPreference: executor) { [executor] in
                executor.finish(call.token, await body(executor))
            }
        }
    }

    private func subscribe(_ call: ServeSession.Call) {
        switch runtime.subscribe(call) {
        case .failure(let error):
            if let answer = session.finish(call.token, .failure(error)) { unsent += answer }
        case .success(let body):
            // Runs until it is cancelled or has no more readings; the executor's outcomes report its end.
            tasks[call.token] = Task(executorPreference: executor) { [executor] in await body(executor) }
        }
    }
}
