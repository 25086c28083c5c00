import FoundationEssentials
package import HTTPTransport
package import KubernetesClient
package import Logging
import PluginProtocol
import ScalerAPI
import Scaling
package import ServiceLifecycle
import Synchronization
import TimeZones

/// The configuration of `generalscaler run`.
package struct OperatorConfiguration: Sendable {
    package var cluster: ClusterConfiguration
    /// Namespaces to watch; empty for all.
    package var namespaces: [String]
    /// The ConfigMap that can pause every scaler; nil for none.
    package var pauseConfigMap: ObjectKey?
    /// Whether Secrets without the label `autoscaling.example.com/readable: "true"` may be used.
    package var allowsUnlabelledSecrets: Bool
    /// Where metrics and health are served; nil for nowhere.
    package var listen: ListenAddress?
    /// Which operator process this is, in events, the audit log and the lease: differs from every other process.
    package var identity: String
    /// How replicas agree on a leader; nil if there is only this one.
    package var election: LeaderElection?
    /// How GeneralScalers are checked before they are stored; nil for not at all.
    package var admission: AdmissionConfiguration?

    package init(
        cluster: ClusterConfiguration,
        namespaces: [String] = [],
        pauseConfigMap: ObjectKey? = nil,
        allowsUnlabelledSecrets: Bool = false,
        listen: ListenAddress?,
        identity: String,
        election: LeaderElection? = nil,
        admission: AdmissionConfiguration? = nil
    ) {
        self.cluster = cluster
        self.namespaces = namespaces
        self.pauseConfigMap = pauseConfigMap
        self.allowsUnlabelledSecrets = allowsUnlabelledSecrets
        self.listen = listen
        self.identity = identity
        self.election = election
        self.admission = admission
    }
}

/// The operator put together: every part made once, in the order in which they start.
package struct OperatorRuntime: Sendable {
    package static let version = ProjectVersion.current
    /// Who events are reported by.
    static let controllerName = "autoscaling.example.com/generalscaler"
    /// What to do if the API server does not know GeneralScalers.
    private static let missingFix =
        "install the CustomResourceDefinition with kubectl apply -f deploy/crd.yaml, or with helm upgrade and "
        + "crds.install=true"

    private let source: any MetricSource
    let controller: ScalerController
    private let events: EventRecorder
    private let scalers: Informer<GeneralScaler>
    let targets: TargetDirectory
    private let rivals: RivalDirectory
    private let pause: OperatorPause?
    private let statusServer: StatusServer?
    private let admission: [any Service]
    /// What it still waits for; nil once it is ready.
    let awaits: @Sendable () -> String?
    /// What `/metrics` shows now.
    let page: @Sendable () async -> MetricsPage
    /// Nil without leader election.
    let elector: LeaderElector?

    /// - Parameters:
    ///   - source: the source of readings; runs as one of ``services``.
    ///   - http: carries the calls to the API server.
    ///   - audit: takes whole lines of the audit log.
    ///   - random: evenly drawn from 0..<1, for the jitter of retries.
    ///   - onBound: called with the port of metrics and health.
    ///   - onAdmissionBound: the same of the admission webhook.
    package init(
        _ configuration: OperatorConfiguration,
        source: any MetricSource,
        http: any HTTPClient,
        time: OperatorTime = .system,
        clock: any Clock<Duration> = ContinuousClock(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger,
        audit: @escaping @Sendable ([UInt8]) -> Void,
        onBound: @escaping @Sendable (Int) -> Void = { _ in },
        onAdmissionBound: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let metrics = OperatorMetrics()
        let client = KubernetesClient(
            configuration: configuration.cluster,
            http: http,
            clock: clock,
            now: { time.now().microsecondsSince1970 },
            random: random,
            logger: logger,
            observe: { metrics.apiRequest(verb: $0.verb, code: $0.status) }
        )
        let namespaces = configuration.namespaces
        // The caches tell the controller of changes, and it reads from the caches: the line is connected last.
        let line = ChangeLine()
        let events = EventRecorder(
            client: client, controller: Self.controllerName, instance: configuration.identity, logger: logger
        )
        let targets = TargetDirectory(
            client: client, scope: namespaces.isEmpty ? .allNamespaces : .namespaces(namespaces), time: time,
            logger: logger,
            targetAppeared: line.targetAppeared
        )
        let rivals = RivalDirectory(
            client: client, scope: namespaces.isEmpty ? .allNamespaces : .namespaces(namespaces), time: time,
            logger: logger)
        let scalers = Informer<GeneralScaler>(
            client: client, kind: .generalScaler, scope: namespaces.isEmpty ? .allNamespaces : .namespaces(namespaces),
            missingFix: Self.missingFix, logger: logger, decodeOversized: { try GeneralScaler($0) },
            decode: { try GeneralScaler($0, zones: TimeZoneDirectory.system) },
            handle: { event in
                targets.note(event)
                if case .deleted(let key, _) = event { events.forget(.generalScaler(key)) }
                line.scalerChanged(event, logger)
            }
        )
        let pause = configuration.pauseConfigMap.map { OperatorPause($0, client: client, logger: logger) }
        let leadership = Leadership(isShared: configuration.election != nil, time: time)
        elector = configuration.election.map { election in
            LeaderElector(
                election, identity: configuration.identity, client: client, leadership: leadership, time: time,
                random: random, logger: logger)
        }
        let controller = ScalerController(
            ScalerController.Dependencies(
                scalers: scalers,
                targets: targets,
                rivals: rivals,
                pause: pause,
                source: source,
                secrets: SecretStore(
                    client: client, time: time, random: random,
                    allowsUnlabelled: configuration.allowsUnlabelledSecrets),
                writer: ScalerWriter(
                    client: client,
                    events: events,
                    audit: AuditLog(identity: configuration.identity, write: audit),
                    logger: logger
                ),
                leadership: leadership,
                time: time,
                metrics: metrics,
                logger: logger
            )
        )
        line.connect(to: controller)
        leadership.onChange(line.leadershipChanged)
        let certificateManager = configuration.admission.map {
            CertificateManager($0, client: client, time: time, metrics: metrics, logger: logger)
        }
        let awaits: @Sendable () -> String? = {
            if scalers.listFailure?.kind == .notFound {
                return "the API server has no resource \(ResourceKind.generalScaler.plural): \(Self.missingFix)"
            }
            if !scalers.hasSynced { return "the list of GeneralScalers has not been read yet" }
            // Ready replicas get reviews: a rolling update continues only when the new replica can answer.
            if let certificateManager, certificateManager.current == nil {
                return "the webhook has no certificate; see the log"
            }
            return nil
        }
        let process = ProcessProbe()
        let page: @Sendable () async -> MetricsPage = {
            MetricsPage(
                version: Self.version, lease: configuration.election?.lease.description ?? "",
                isDefinitionMissing: scalers.listFailure?.kind == .notFound, process: process.usage(),
                controller: await controller.snapshot(), plugins: await source.health(), counters: metrics)
        }
        statusServer = configuration.listen.map { address in
            StatusServer(
                address: address, logger: logger, heartbeat: { _ = await controller.leads },
                metrics: { await page().text($0) }, awaits: awaits, onBound: onBound)
        }
        self.awaits = awaits
        self.page = page
        admission =
            certificateManager.map { certificateManager in
                let validator = AdmissionValidator(
                    source: source, scalers: { scalers.objects }, mayRead: SecretReaders(client: client).mayRead,
                    rival: { try? await rivals.rival(of: $0, namespace: $1) }, time: time)
                let server = AdmissionServer(
                    address: certificateManager.configuration.listen, certificates: certificateManager,
                    validator: validator, time: time,
                    metrics: metrics,
                    logger: logger, onBound: onAdmissionBound)
                return [certificateManager, server]
            } ?? []
        self.source = source
        self.controller = controller
        self.events = events
        self.scalers = scalers
        self.targets = targets
        self.rivals = rivals
        self.pause = pause
    }

    /// The parts that run, in the order in which they start. They stop in the reverse order: first the decisions, then
    /// the lease is given back, so that the next leader begins at once, then what decisions are made from.
    package var services: [any Service] {
        let first: [(any Service)?] = [statusServer, pause, events, source, targets, rivals, scalers, elector]
        return admission + first.compactMap(\.self) + [controller]
    }
}

/// Carries news from the caches to the controller that is made after them.
private final class ChangeLine: Sendable {
    /// Weak, since the controller holds on to the caches, and they to this line.
    private struct End {
        weak var controller: ScalerController?
    }

    private let end = Mutex(End())
    private var controller: ScalerController? { end.withLock(\.controller) }

    func connect(to controller: ScalerController) {
        end.withLock { $0.controller = controller }
    }

    func scalerChanged(_ event: InformerEvent<GeneralScaler>, _ logger: Logger) {
        switch event {
        case .added(let key, _), .updated(let key, _, _), .deleted(let key, _):
            controller?.objectChanged(key)
        case .malformed(let object):
            logger.error(
                "ignoring malformed GeneralScaler", metadata: ["scaler": "\(object.key)", "error": "\(object.message)"])
            controller?.objectChanged(object.key)
        case .synced: break
        }
    }

    func targetAppeared(_ place: TargetPlace) {
        controller?.targetAppeared(place)
    }

    func leadershipChanged() {
        controller?.leadershipChanged()
    }
}

extension TargetDirectory {
    /// Tracks the existing scalers, whether or not this replica leads.
    fileprivate func note(_ event: InformerEvent<GeneralScaler>) {
        switch event {
        case .added(let key, let scaler), .updated(let key, _, let scaler):
            setTarget(scaler.isBeingDeleted ? nil : try? scaler.spec.get().target, of: key)
        case .deleted(let key, _): setTarget(nil, of: key)
        case .malformed(let object): setTarget(nil, of: object.key)
        case .synced: break
        }
    }
}

extension OperatorTime {
    /// The machine's own clocks.
    package static let system = OperatorTime(clock: ContinuousClock()) {
        Timestamp(microsecondsSince1970: Int64(Date.now.timeIntervalSince1970 * 1_000_000))
    }
}
