import Glibc

/// Every job of Swift's concurrency runtime in this process. No job runs by itself: the caller of ``runOne(_:)``
/// selects the next job and thereby the interleaving of tasks.
///
/// The runtime gives a job to its global executor whenever a task starts, a continuation is resumed or an actor has
/// work; its hook `swift_task_enqueueGlobal_hook` redirects all of them here. That covers every task, structured or
/// not, and every actor without its own executor. If no job is left, everything waits for an external event such
/// as time or an answer. The hook applies to the whole process, so the simulation is a separate program.
///
/// Source of the hook and its type: `swift/Runtime/Concurrency.h`; also used by swift-concurrency-extras.
enum JobQueue {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void
    private typealias DelayHook = @convention(thin) (UInt64, UnownedJob, Original) -> Void

    /// The runtime's global executor in its internal representation: no identity, no witness table.
    private static let genericExecutor = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)

    /// Redirects all jobs from now on. Called once, before the first task.
    static func install() {
        let runtime = dlopen(nil, RTLD_NOW)
        guard let hook = dlsym(runtime, "swift_task_enqueueGlobal_hook"),
            let delayHook = dlsym(runtime, "swift_task_enqueueGlobalWithDelay_hook")
        else {
            let message =
                "simulate-faults: the Swift runtime's hook for jobs is not found; build it without --static-swift-stdlib\n"
            write(STDERR_FILENO, message, message.utf8.count)
            exit(EXIT_FAILURE)
        }
        owner = pthread_self()
        hook.assumingMemoryBound(to: Hook?.self).pointee = { job, _ in
            precondition(pthread_equal(pthread_self(), owner) != 0, "a job came from another thread")
            waitingJobs.append(job)
        }
        delayHook.assumingMemoryBound(to: DelayHook?.self).pointee = { _, _, _ in
            preconditionFailure("something sleeps on a real clock")
        }
    }

    /// Runs one of the jobs until it waits or ends.
    ///
    /// - Parameter choose: returns the index of the job, given the number of jobs.
    /// - Returns: false if there is none.
    static func runOne(_ choose: (Int) -> Int) -> Bool {
        guard !waitingJobs.isEmpty else { return false }
        let index = choose(waitingJobs.count)
        waitingJobs.swapAt(index, waitingJobs.count - 1)
        waitingJobs.removeLast().runSynchronously(on: genericExecutor)
        return true
    }
}

// A hook of the runtime cannot capture state. Only the thread that installed it uses these.
private nonisolated(unsafe) var waitingJobs: [UnownedJob] = []
private nonisolated(unsafe) var owner = pthread_self()
