import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import ServiceLifecycle
import Synchronization
import SystemIO

/// Takes part in leader election: performs the actions of ``LeaseMachine`` and updates ``Leadership``.
///
/// Shut it down after everything that acts as the leader, because it releases the lease and the next leader starts
/// immediately.
final class LeaderElector: Service {
    /// The deadline for releasing the lease. A lease that was not released expires.
    static let releaseDeadline: Duration = .seconds(2)

    private struct State {
        var isStopping = false
        /// When the elector next reads the lease, while it waits.
        var wakesAt: Duration?
        var holder: String?
    }

    private let key: ObjectKey
    private let identity: String
    private let times: LeaseTimes
    private let client: KubernetesClient
    private let leadership: Leadership
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let wakeUp = AsyncSignal()
    private let state = Mutex(State())
    /// Reports a released lease without delay; everything else about the lease is read when needed.
    private let news: Informer<Lease>

    init(
        _ election: LeaderElection, identity: String, client: KubernetesClient, leadership: Leadership,
        time: TimeSource, random: @escaping @Sendable () -> Double, logger: Logger
    ) {
        key = election.lease
        times = election.times
        self.identity = identity
        self.client = client
        self.leadership = leadership
        self.time = time
        self.random = random
        self.logger = logger
        let key = election.lease
        news = Informer(
            client: client, kind: .lease, scope: .namespaces([key.namespace]),
            selection: Selection(fields: "metadata.name=\(key.name)"), logger: logger,
            decode: { try Lease($0) },
            handle: { [wakeUp] event in
                switch event {
                case .added(_, let lease), .updated(_, _, let lease):
                    if lease.holder?.isEmpty ?? true { wakeUp.signal() }
                case .deleted: wakeUp.signal()
                case .malformed, .synced: break
                }
            })
    }

    /// The time of the next action; nil while one is running.
    var wakesAt: Duration? { wakeUp.isWaiting ? state.withLock(\.wakesAt) : nil }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { try? await self.news.run() }
                await elect()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.wakeUp.signal()
        }
    }

    private func elect() async {
        var machine = LeaseMachine(key: key, identity: identity, times: times)
        var action = machine.start()
        while !Task.isCancelled, action != .end {
            let outcome = await perform(action, deadline: machine.callDeadline(at: time.elapsed()))
            let isStopping = state.withLock(\.isStopping)
            action = machine.next(after: outcome, at: moment, isStopping: isStopping, random: random())
            publish(machine, isStopping: isStopping)
        }
        leadership.set(nil)
    }

    private var moment: LeaseMachine.Moment {
        LeaseMachine.Moment(elapsed: time.elapsed(), wall: time.now().microsecondsSince1970)
    }

    private func perform(_ action: LeaseMachine.Action, deadline: Duration) async -> LeaseMachine.Outcome {
        do throws(KubernetesError) {
            switch action {
            case .read: return .read(try await read(deadline: deadline))
            case .create(let lease): return .written(try await client.createLease(lease, deadline: deadline))
            case .update(let lease):
                let deadline = lease.holder == nil ? min(deadline, Self.releaseDeadline) : deadline
                return .written(try await client.updateLease(lease, deadline: deadline))
            case .wait(let duration):
                await wait(duration)
                return .waited
            case .end: return .waited
            }
        } catch {
            switch (action, error.kind) {
            case (.create, .alreadyExists), (.update, .conflict), (.update, .notFound): return .conflict
            default: break
            }
            if !Task.isCancelled {
                logger.warning("failed to read or renew lease", metadata: metadata(["error": "\(error)"]))
            }
            return .failed
        }
    }

    private func read(deadline: Duration) async throws(KubernetesError) -> Lease? {
        do throws(KubernetesError) {
            return try await client.lease(key, deadline: deadline)
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private func wait(_ duration: Duration) async {
        let end = time.elapsed() + duration
        state.withLock { $0.wakesAt = end }
        await wakeUp.wait(until: end, time: time)
        state.withLock { $0.wakesAt = nil }
    }

    private func publish(_ machine: LeaseMachine, isStopping: Bool) {
        let isChange = leadership.set(machine.tenure)
        if isChange, machine.tenure != nil {
            logger.notice("leading", metadata: metadata(["identity": "\(identity)"]))
        } else if isChange {
            logger.log(level: isStopping ? .notice : .warning, "leadership lost", metadata: metadata([:]))
        }
        let holder = machine.holder ?? ""
        let isNews = state.withLock { state in
            defer { state.holder = holder }
            return state.holder != holder
        }
        if isNews, !holder.isEmpty, holder != identity {
            logger.info("another replica is the leader", metadata: metadata(["holder": "\(holder)"]))
        }
    }

    private func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["lease": "\(key)"]) { own, _ in own }
    }
}
