import CLinux
import Glibc
import Synchronization

/// A named thread that runs one closure.
package final class LoopThread: Sendable {
    /// Nil once joined or detached.
    private let thread: Mutex<pthread_t?>

    package init(name: String, _ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(ThreadStart(name: name, run: run))
        let result = pthread_create(&thread, nil, threadMain, start.toOpaque())
        precondition(result == 0, "pthread_create failed (\(result)); raise the limit of threads")
        self.thread = Mutex(thread)
    }

    /// Waits until the closure has returned. Signal it to return first.
    func join() {
        if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
    }

    /// Detaches the thread, which is freed when its closure returns.
    deinit {
        if let thread = thread.withLock({ $0.take() }) { pthread_detach(thread) }
    }
}

private final class ThreadStart {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // The process's signals are handled by other threads; a broken pipe in OpenSSL is an error code here.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    // Balances the passRetained in LoopThread.init.
    let start = Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue()
    clinux_name_thread(start.name)
    start.run()
    return nil
}
