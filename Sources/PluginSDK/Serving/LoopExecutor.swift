import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs the calls' tasks on the serve loop's thread, so that a call that does not wait needs no thread switch.
final class LoopExecutor: TaskExecutor {
    typealias Outcome = Result<CallAnswer, PluginError>

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var outcomes: [(ServeSession.CallToken, Outcome)] = []
        /// The newest reading of each subscription.
        var pushes: [ServeSession.CallToken: MetricReading] = [:]
        var ends: [(ServeSession.CallToken, PluginError)] = []
        var waits = WaitList()
        /// Whether the loop sleeps or is about to, so that adding a job has to wake it.
        var isAsleep = false
    }

    private let inbox = Mutex(Inbox())
    private let waker: Pipe

    /// Readable while there are jobs or outcomes.
    var wakeUpDescriptor: Int32 { waker.readEnd }

    init() throws(SystemCallError) {
        waker = try Pipe(nonBlocking: true)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        leave { $0.jobs.append(job) }
    }

    func finish(_ token: ServeSession.CallToken, _ outcome: Outcome) {
        leave { $0.outcomes.append((token, outcome)) }
    }

    /// Handles a reading of a subscription.
    func push(_ reading: MetricReading, from token: ServeSession.CallToken) {
        leave { $0.pushes[token] = reading }
    }

    /// Handles the end of a subscription, after ``finish(_:_:)``.
    func end(_ token: ServeSession.CallToken, because error: PluginError) {
        leave { $0.ends.append((token, error)) }
    }

    private func leave(_ item: (inout Inbox) -> Void) {
        let wakes = inbox.withLock { inbox in
            item(&inbox)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if wakes { waker.writeByte() }
    }

    /// Runs jobs until none is left. Called on the loop's thread only.
    func runJobs() {
        var jobs: [UnownedJob] = []
        while true {
            // Exchanged, so that neither array is copied.
            inbox.withLock { swap(&$0.jobs, &jobs) }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            jobs.removeAll(keepingCapacity: true)
        }
    }

    func takeOutcomes() -> [(ServeSession.CallToken, Outcome)] {
        var outcomes: [(ServeSession.CallToken, Outcome)] = []
        inbox.withLock { swap(&$0.outcomes, &outcomes) }
        return outcomes
    }

    func takePushes() -> (
        readings: [ServeSession.CallToken: MetricReading], ends: [(ServeSession.CallToken, PluginError)]
    ) {
        inbox.withLock { inbox in
            defer {
                inbox.pushes = [:]
                inbox.ends = []
            }
            return (inbox.pushes, inbox.ends)
        }
    }

    /// Declares that the loop is about to wait. Returns false if there is something to do first.
    func prepareToSleep() -> Bool {
        inbox.withLock { inbox in
            guard inbox.jobs.isEmpty, inbox.outcomes.isEmpty, inbox.pushes.isEmpty, inbox.ends.isEmpty else {
                return false
            }
            inbox.isAsleep = true
            return true
        }
    }

    /// Returns the waits for sockets, and the time at which the first of them ends.
    func currentWaits() -> (waits: [WaitList.Wait], limit: ContinuousClock.Instant?) {
        inbox.withLock { ($0.waits.waits, $0.waits.earliestLimit) }
    }

    /// Records that the loop is awake; `wasSignalled` if the wake-up descriptor was readable.
    func didWake(wasSignalled: Bool) {
        inbox.withLock { $0.isAsleep = false }
        if wasSignalled { waker.drain() }
    }

    /// Ends a wait, if it has not ended: with what the socket is ready for, or nil if the time is over.
    func end(_ wait: WaitList.Token, with events: Int16?) {
        inbox.withLock { $0.waits.remove(wait) }?.continuation.resume(returning: events)
    }
}

extension LoopExecutor: SocketWaits {
    func readiness(of socket: Int32, for events: Int16, until limit: ContinuousClock.Instant) async -> Int16? {
        let token = inbox.withLock { $0.waits.newToken() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Under the lock: the cancellation comes either before it, or after the wait was added.
                var isCancelled = false
                leave { inbox in
                    isCancelled = Task.isCancelled
                    guard !isCancelled else { return }
                    inbox.waits.add(
                        WaitList.Wait(
                            token: token, entry: pollfd(fd: socket, events: events, revents: 0), limit: limit,
                            continuation: continuation))
                }
                if isCancelled { continuation.resume(returning: nil) }
            }
        } onCancel: {
            end(token, with: nil)
        }
    }
}
