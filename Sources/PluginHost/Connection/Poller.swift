import CLinux
import Glibc
import Synchronization

/// The thread behind an ``EventLoop``: epoll, a queue of jobs, and an eventfd that wakes it.
///
/// `@unchecked Sendable`: only the thread uses `handlers`, `stale` and `readBuffer` once it runs; everything else is
/// constant, atomic or behind the mutex. The thread owns a reference until it ends.
final class Poller: @unchecked Sendable {
    enum Readiness {
        case readable
        case writable
    }

    enum Job: Sendable {
        case actor(UnownedJob, UnownedSerialExecutor)
        case task(UnownedJob, UnownedTaskExecutor)
        case closure(@Sendable () -> Void)

        func run() {
            switch self {
            case .actor(let job, let executor): job.runSynchronously(on: executor)
            case .task(let job, let executor): job.runSynchronously(on: executor)
            case .closure(let work): work()
            }
        }
    }

    private struct Queue {
        var jobs: [Job] = []
        /// Whether the thread will check the queue again without a wake-up.
        var isAwake = true
        var isStopped = false
    }

    private static let maxEvents = 64
    /// Rounds of jobs between two checks of the descriptors.
    private static let maxJobRounds = 16

    private let epoll: Int32
    private let wakeEvent: Int32
    private let queue = Mutex(Queue())
    private let thread = Atomic<UInt>(0)
    private var handlers: [Int32: () -> Void] = [:]
    /// Descriptors unwatched since the last wait. A pending event must not be delivered to the watcher of a new
    /// descriptor with the same number.
    private var stale: Set<Int32> = []
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PluginHostLimits.readChunkBytes, alignment: 16)

    init() throws(SystemError) {
        epoll = clinux_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wakeEvent = clinux_eventfd()
        guard wakeEvent >= 0, clinux_epoll_watch(epoll, wakeEvent, true, false) == 0 else {
            throw SystemError("eventfd")
        }
    }

    deinit {
        close(epoll)
        if wakeEvent >= 0 { close(wakeEvent) }
        readBuffer.deallocate()
    }

    var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    func start() throws(SystemError) {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(&handle, nil, { Poller.main($0) }, context.toOpaque())
        guard result == 0 else {
            context.release()
            errno = result
            throw SystemError("pthread_create")
        }
        pthread_detach(handle)
    }

    func stop() {
        let wakes = queue.withLock { queue in
            queue.isStopped = true
            return !queue.isAwake
        }
        if wakes { wake() }
    }

    func add(_ job: Job) {
        let wakes = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isAwake = true }
            return !queue.isAwake
        }
        if wakes { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeEvent, &one, 8)
    }

    // MARK: On the thread

    func watch(
        _ descriptor: Int32, for readiness: Readiness, handler: @escaping () -> Void
    ) throws(SystemError) {
        guard clinux_epoll_watch(epoll, descriptor, readiness == .readable, readiness == .writable) == 0 else {
            throw SystemError("epoll_ctl")
        }
        handlers[descriptor] = handler
    }

    func unwatch(_ descriptor: Int32) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        clinux_epoll_unwatch(epoll, descriptor)
        stale.insert(descriptor)
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let poller = Unmanaged<Poller>.fromOpaque(context).takeRetainedValue()
        poller.thread.store(UInt(pthread_self()), ordering: .relaxed)
        clinux_name_thread("plugin-host")
        poller.run()
        return nil
    }

    private func run() {
        var events = [clinux_epoll_event](repeating: clinux_epoll_event(), count: Self.maxEvents)
        var jobs: [Job] = []
        while true {
            var isIdle = false
            var rounds = 0
            while !isIdle, rounds < Self.maxJobRounds {
                let isStopped = queue.withLock { queue in
                    swap(&jobs, &queue.jobs)
                    isIdle = jobs.isEmpty
                    if isIdle { queue.isAwake = false }
                    return queue.isStopped
                }
                // No job can be added afterwards: that would need a reference to the loop, which is being deallocated.
                if isIdle, isStopped { return }
                for job in jobs { job.run() }
                jobs.removeAll(keepingCapacity: true)
                rounds += 1
            }
            let count = clinux_epoll_wait(epoll, &events, Int32(Self.maxEvents), isIdle ? -1 : 0)
            queue.withLock { $0.isAwake = true }
            stale.removeAll(keepingCapacity: true)
            for event in events.prefix(Int(max(0, count))) { handle(event.descriptor) }
        }
    }

    private func handle(_ descriptor: Int32) {
        if descriptor == wakeEvent {
            var count: UInt64 = 0
            _ = read(wakeEvent, &count, 8)
        } else if !stale.contains(descriptor) {
            handlers[descriptor]?()
        }
    }
}

/// A new pipe that children do not inherit.
struct Pipe {
    let reader: Int32
    let writer: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw SystemError("pipe2") }
        reader = ends[0]
        writer = ends[1]
    }
}
