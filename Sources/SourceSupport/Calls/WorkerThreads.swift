import Glibc

/// Threads for blocking work, created on demand up to a limit. Further work queues in FIFO order.
package final class WorkerThreads: Sendable {
    private let queue: JobQueue

    package init(limit: Int) {
        queue = JobQueue(maxThreads: limit)
    }

    /// Ends the threads after their work.
    deinit { queue.close() }

    /// Runs work without a waiter.
    package func start(_ body: @escaping @Sendable () -> Void) { queue.add(body) }

    package func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.add { continuation.resume(returning: body()) }
        }
    }
}

/// Unchecked: `jobs`, the counts and `isClosed` are only accessed while `mutex` is held.
private final class JobQueue: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    /// Created once at a fixed address, and valid as long as this object, which every thread retains.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let maxThreads: Int
    private var jobs: [Job] = []
    private var threadCount = 0
    private var idleCount = 0
    private var isClosed = false

    init(maxThreads: Int) {
        self.maxThreads = maxThreads
        mutex.initialize(to: pthread_mutex_t())
        arrival.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    func add(_ job: @escaping Job) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        jobs.append(job)
        if idleCount >= jobs.count {
            pthread_cond_signal(arrival)
        } else if threadCount < maxThreads {
            startThread()
        }
    }

    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        pthread_cond_broadcast(arrival)
    }

    private func startThread() {
        // The thread takes ownership of the reference.
        let handed = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, handed.toOpaque())
        guard code == 0 else {
            handed.release()
            precondition(threadCount > 0, "pthread_create failed (\(code)); raise the limit of threads")
            return
        }
        pthread_detach(thread)
        threadCount += 1
    }

    private func work() {
        // The process's signals are handled by other threads; a broken pipe in OpenSSL is an error code here.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        while let job = nextJob() { job() }
    }

    private func nextJob() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if isClosed { return nil }
            idleCount += 1
            pthread_cond_wait(arrival, mutex)
            idleCount -= 1
        }
        return jobs.removeFirst()
    }
}
