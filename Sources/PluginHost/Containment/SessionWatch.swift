import CLinux
import Glibc
import Synchronization

/// Enforces the limits that the kernel does not enforce for several processes together, and kills all processes of a
/// session.
///
/// The watch has its own thread, because it has to work when a plugin has exhausted the container's processes or
/// memory, and no new thread can be created.
///
/// `@unchecked Sendable`: only the thread uses its members, except `state`, the event and the constants.
final class SessionWatch: @unchecked Sendable {
    struct Subject: Sendable {
        let limits: PluginLimits
        /// The plugin's temporary directory.
        let temporary: String
        /// Called on the watch's thread before the session is killed.
        let onBreach: @Sendable (_ reason: String) -> Void
    }

    private struct Ending {
        let session: Int32
        let whenEmpty: CheckedContinuation<Int32, Never>
    }

    private struct State {
        var subjects: [Int32: Subject] = [:]
        var endings: [Ending] = []
        var isRunning = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let event: Int32
    private let temporaryDirectory: String
    private let containerUsage: @Sendable () -> ContainerUsage

    private let began = ContinuousClock.now
    private var memoryJudge = PressureMonitor()
    private var taskJudge = PressureMonitor()
    private var ticksUntilSweep = 0
    private var lastStarted: Int64 = 0
    private static let loadAverage = KernelLine("/proc/loadavg")
    private var space = SpaceMonitor()

    /// - Throws: ``SystemError`` if the system has no descriptor left.
    init(
        temporaryDirectory: String, containerUsage: @escaping @Sendable () -> ContainerUsage
    ) throws(SystemError) {
        self.temporaryDirectory = temporaryDirectory
        self.containerUsage = containerUsage
        event = clinux_eventfd()
        guard event >= 0 else { throw SystemError("eventfd") }
    }

    deinit {
        close(event)
    }

    // MARK: From any thread

    /// - Throws: ``SystemError`` if the system has no thread left.
    func start() throws(SystemError) {
        state.withLock { $0.isRunning = true }
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SessionWatch>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            state.withLock { $0.isRunning = false }
            errno = result
            throw SystemError("pthread_create")
        }
        pthread_detach(handle)
    }

    /// Ends the thread once there is nothing left to kill.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    func add(_ session: Int32, _ subject: Subject) {
        state.withLock { $0.subjects[session] = subject }
        wake()
    }

    /// Kills the remaining processes of a session whose leader has exited and is not reaped, and stops watching it.
    ///
    /// - Returns: the number of processes still alive after ``PluginHostLimits/maxKillRounds`` times
    ///   ``PluginHostLimits/killGrace``.
    func end(_ session: Int32) async -> Int32 {
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                state.subjects[session] = nil
                if state.isRunning { state.endings.append(Ending(session: session, whenEmpty: continuation)) }
                return state.isRunning
            }
            if isRunning { wake() } else { continuation.resume(returning: Self.killEveryProcess(session)) }
        }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    private static func killEveryProcess(_ session: Int32) -> Int32 {
        var alive: Int32 = 0
        for _ in 0..<PluginHostLimits.maxKillRounds {
            alive = kill(session)
            guard alive > 0 else { break }
        }
        return alive
    }

    private static func kill(_ session: Int32) -> Int32 {
        clinux_kill_session(session, Int32(PluginHostLimits.killGrace / .milliseconds(1)))
    }

    // MARK: On the thread

    private func run() {
        clinux_name_thread("plugin-watch")
        var lastTick = ContinuousClock.now
        // Zombies count toward the limit of processes, at which no thread can be created that would run a task: while
        // plugins run, this thread reaps too.
        var reaper = OrphanReaper()
        var lastSweep = lastTick
        while true {
            let (subjects, endings, isOver) = state.withLock { state in
                defer { state.endings = [] }
                let isOver = state.isStopped && state.endings.isEmpty
                if isOver { state.isRunning = false }
                return (state.subjects, state.endings, isOver)
            }
            for ending in endings { ending.whenEmpty.resume(returning: Self.killEveryProcess(ending.session)) }
            if isOver { return }
            if subjects.isEmpty {
                pause(-1)
                continue
            }
            let left = PluginHostLimits.watchInterval - (.now - lastTick)
            if left > .zero {
                // Rounded up: each wake-up costs more than what a tick does.
                pause(Int32((left / .milliseconds(1)).rounded(.up)))
            } else {
                lastTick = .now
                tick(subjects)
                if lastTick - lastSweep >= PluginHostLimits.watchedOrphanSweepInterval {
                    lastSweep = lastTick
                    reaper.reap()
                }
            }
        }
    }

    private func pause(_ milliseconds: Int32) {
        var entry = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, milliseconds) > 0 {
            var count: UInt64 = 0
            _ = read(event, &count, 8)
        }
    }

    private func tick(_ subjects: [Int32: Subject]) {
        let usage = containerUsage()
        let isPressed = [usage.memory, usage.tasks].contains { ($0?.share ?? 0) > PluginHostLimits.pressureShare }
        space.record(spaceLeft)
        let limit = subjects.values.reduce(UInt64.max) { min($0, UInt64($1.limits.temporaryBytes)) }
        ticksUntilSweep -= 1
        let isFull = ticksUntilSweep <= 0
        guard isFull || isPressed || space.hasLost(limit: limit) || haveManyStarted() else { return }
        if isFull { ticksUntilSweep = PluginHostLimits.watchTicksPerSweep }
        sweep(
            subjects, usage, measuresMemory: isFull || isPressed,
            measuresFiles: space.isSumDue(inFullSweep: isFull, limit: limit))
    }

    /// The space of the file system with the temporary directories; nil if it is unknown.
    private var spaceLeft: SpaceMonitor.Space? {
        var now = SpaceMonitor.Space(bytes: 0, inodes: 0)
        return clinux_space_left(temporaryDirectory, &now.bytes, &now.inodes) == 0 ? now : nil
    }

    /// Returns whether many processes have started since the last sweep. Process ids are assigned in sequence, so the
    /// last id shows how many.
    private func haveManyStarted() -> Bool {
        guard let last = Self.loadAverage?.lastNumber() else { return true }
        let started = last - lastStarted
        // A smaller id means that the sequence has wrapped around.
        guard started < 0 || started >= PluginHostLimits.startsBeforeSweep else { return false }
        lastStarted = last
        return true
    }

    private func sweep(
        _ subjects: [Int32: Subject], _ container: ContainerUsage, measuresMemory: Bool, measuresFiles: Bool
    ) {
        let members = Self.members(of: subjects)
        var usages: [Int32: SessionUsage] = [:]
        for (session, processes) in members {
            var usage = SessionUsage(
                processes: processes.count, threads: processes.reduce(0) { $0 + Int($1.threads) })
            if measuresMemory { usage.memory = processes.reduce(0) { $0 + clinux_memory_bytes($1.id) } }
            usages[session] = usage
        }
        var alive = subjects
        for (session, subject) in subjects {
            let processes = members[session] ?? []
            let breach =
                usages[session]?.breach(of: subject.limits)
                ?? (measuresMemory ? memoryBreach(usages[session], processes, subject) : nil)
                ?? (measuresFiles ? temporaryBreach(processes, subject) : nil)
            guard let breach else { continue }
            kill(session, subject, breach)
            alive[session] = nil
        }
        relieve(alive, usages.filter { alive[$0.key] != nil }, container, measuresMemory: measuresMemory)
    }

    private static func members(of subjects: [Int32: Subject]) -> [Int32: [clinux_process]] {
        var list: UnsafeMutablePointer<clinux_process>?
        let sessions = Array(subjects.keys)
        let count = clinux_processes(sessions, Int32(sessions.count), &list)
        defer { free(list) }
        var members: [Int32: [clinux_process]] = [:]
        for process in UnsafeBufferPointer(start: list, count: Int(max(0, count)))
        where !process.is_dead && subjects[process.session] != nil {
            members[process.session, default: []].append(process)
        }
        return members
    }

    private func memoryBreach(_ usage: SessionUsage?, _ processes: [clinux_process], _ subject: Subject) -> String? {
        guard let usage, usage.memory > subject.limits.memoryBytes else { return nil }
        // In the inexpensive sum, shared memory counts once per process.
        let confirmed = processes.reduce(into: Int64(0)) { sum, process in
            let bytes = clinux_proportional_bytes(process.id)
            sum += bytes >= 0 ? bytes : clinux_memory_bytes(process.id)
        }
        return SessionUsage.memoryBreach(confirmed, of: subject.limits)
    }

    private func temporaryBreach(_ processes: [clinux_process], _ subject: Subject) -> String? {
        let limit = subject.limits.temporaryBytes
        var bytes = max(0, clinux_tree_bytes(subject.temporary, limit + 1))
        var seen = [UInt64](repeating: 0, count: PluginHostLimits.maxNamelessFiles)
        var count: Int32 = 0
        for process in processes where bytes <= limit {
            bytes += clinux_nameless_bytes(process.id, subject.temporary, &seen, &count, Int32(seen.count))
        }
        return SessionUsage.temporaryBreach(bytes, of: subject.limits)
    }

    /// Kills one plugin if the container is about to exhaust a resource. The next tick measures the effect.
    private func relieve(
        _ subjects: [Int32: Subject], _ usages: [Int32: SessionUsage], _ container: ContainerUsage, measuresMemory: Bool
    ) {
        let now = began.duration(to: .now)
        taskJudge.record(usages.mapValues { Int64($0.threads) }, now: now)
        if measuresMemory { memoryJudge.record(usages.mapValues(\.memory), now: now) }
        if let memory = container.memory,
            let victim = memoryJudge.victim(share: memory.share, leastGrowth: PluginHostLimits.leastGrowthBytes),
            let subject = subjects[victim]
        {
            return kill(
                victim, subject,
                "the operator's container used \(memory.used >> 20) MiB of the \(memory.limit >> 20) MiB of memory that are "
                    + "allowed, and this plugin's use grew most")
        }
        if let tasks = container.tasks, let victim = taskJudge.victim(share: tasks.share, leastGrowth: 1),
            let subject = subjects[victim]
        {
            kill(
                victim, subject,
                "the operator's container had \(tasks.used) of the \(tasks.limit) processes and threads that are allowed, and "
                    + "this plugin's grew most")
        }
    }

    private func kill(_ session: Int32, _ subject: Subject, _ reason: String) {
        // The session may have ended in the meantime; end(_:) then kills or reaps it.
        let isWatched = state.withLock { $0.subjects.removeValue(forKey: session) != nil }
        guard isWatched else { return }
        subject.onBreach(reason)
        // Survivors are killed at the next tick, and when the first process has exited.
        if Self.kill(session) > 0 {
            state.withLock { state in
                guard !state.endings.contains(where: { $0.session == session }) else { return }
                state.subjects[session] = subject
            }
            ticksUntilSweep = 0
            space.requireSum()
        }
    }
}
