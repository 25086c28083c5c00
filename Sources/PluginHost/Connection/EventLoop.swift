import Glibc
import Synchronization

/// A thread that waits for descriptors and runs actors and tasks.
///
/// It is the serial executor of every plugin's actors, so that their state needs no lock, and, as ``taskExecutor``, of
/// callers that need an answer without a thread switch. Code on it must not block. The thread ends with the last
/// reference to the loop; every job holds one through its actor or task.
package final class EventLoop: SerialExecutor {
    private let poller: Poller

    /// - Throws: ``SystemError`` if the system has no descriptor or thread left.
    package init() throws(SystemError) {
        poller = try Poller()
        try poller.start()
    }

    deinit {
        poller.stop()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        poller.add(.actor(UnownedJob(job), asUnownedSerialExecutor()))
    }

    var isOnThread: Bool { poller.isOnThread }

    package func checkIsolated() {
        precondition(isOnThread, "this code runs on the event loop's thread only")
    }

    /// An executor for tasks on the loop's thread, for callers whose work between two plugin calls is short and never
    /// blocks.
    package var taskExecutor: any TaskExecutor { LoopTaskExecutor(loop: self) }

    fileprivate func enqueue(_ job: UnownedJob, of executor: UnownedTaskExecutor) {
        poller.add(.task(job, executor))
    }

    /// Runs the closure on the loop's thread, after the queued jobs.
    func execute(_ work: @escaping @Sendable () -> Void) {
        poller.add(.closure(work))
    }

    // MARK: On the loop's thread

    /// A shared buffer to read into. The bytes are valid until the reader returns.
    var readBuffer: UnsafeMutableRawBufferPointer {
        checkIsolated()
        return poller.readBuffer
    }

    /// Calls the handler whenever the descriptor is readable or writable, until ``unwatch(_:)``. The caller owns the
    /// descriptor and unwatches it before closing it.
    func watch(
        _ descriptor: Int32, for readiness: Poller.Readiness, handler: @escaping () -> Void
    ) throws(SystemError) {
        checkIsolated()
        try poller.watch(descriptor, for: readiness, handler: handler)
    }

    /// Does nothing if the descriptor is not watched.
    func unwatch(_ descriptor: Int32) {
        checkIsolated()
        poller.unwatch(descriptor)
    }
}

private final class LoopTaskExecutor: TaskExecutor {
    private let loop: EventLoop

    init(loop: EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job), of: asUnownedTaskExecutor())
    }
}

extension Actor {
    /// Runs the closure on the actor, for asynchronous code that is already on the actor's event loop.
    nonisolated func alreadyOnLoop<Value: Sendable>(_ work: (isolated Self) -> Value) -> Value {
        assumeIsolated(work)
    }
}

/// A failed system call.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    package let call: String
    package let code: Int32

    /// - Parameter call: the name of the call whose error is in `errno`.
    init(_ call: String) {
        self.call = call
        code = errno
    }

    package var description: String { "\(call): \(String(cString: strerror(code)))" }
}
