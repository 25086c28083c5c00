import KubernetesClient
import Logging
import Operator
import ScalerAPI
import ServiceLifecycle

/// One operator process, composed as by `run`.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class Replica: @unchecked Sendable {
    struct Parts {
        let clock: SimulatedClock
        let network: SimulatedNetwork
        let source: SimulatedSource
        let election: LeaderElection?
        let pause: ObjectKey
        let defect: PlantedDefect?
        let random: @Sendable () -> Double
        let logger: Logger
    }

    let name: String
    let clock: SimulatedClock
    let network: SimulatedNetwork
    let source: SimulatedSource
    private let services: ServiceGroup
    private var running: Task<Void, Never>?
    /// Whether it is being stopped or was killed.
    private(set) var isEnding = false
    /// Whether its last awaited task has ended.
    private(set) var isOver = false
    private(set) var failure: (any Error)?

    init(_ name: String, _ parts: Parts) {
        self.name = name
        clock = parts.clock
        network = parts.network
        source = parts.source
        let seams = Seams(planting: parts.defect, parts)
        let runtime = OperatorRuntime(
            OperatorConfiguration(
                cluster: ClusterConfiguration(server: SimulatedNetwork.server, defaultNamespace: Cluster.namespace),
                pauseConfigMap: parts.pause, listen: nil, identity: name, election: seams.election),
            source: seams.source, http: seams.http, time: seams.time, random: parts.random,
            logger: parts.logger, audit: { _ in })
        services = ServiceGroup(services: runtime.services, logger: parts.logger)
    }

    func start() {
        // Ended by `stop` or `kill`; the invariant checker verifies its end.
        running = Task.detached { [self] in
            do { try await services.run() } catch { failure = error }
            isOver = true
        }
    }

    /// Stops it like SIGTERM.
    func stop() {
        isEnding = true
        // Returns immediately; the invariant checker waits for the end.
        Task.detached { [services] in await services.triggerGracefulShutdown() }
    }

    /// Ends it like SIGKILL: nothing more is sent. Its tasks are cancelled, so that they do not accumulate.
    func kill() {
        isEnding = true
        network.kill()
        source.kill()
        running?.cancel()
    }
}
