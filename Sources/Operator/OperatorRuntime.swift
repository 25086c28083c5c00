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
    /// The address of the server for metrics and health; nil to disable it.
    package var listen: ListenAddress?
    /// The identity of this process in events, the audit log and the lease; unique among all processes.
    package var identity: String
    /// The settings of leader election; nil for a single replica.
    package var election: LeaderElection?
    /// The settings of the admission webhook; nil to disable it.
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

/// The complete operator. Creates every part once, in the order in which they start.
package struct OperatorRuntime: Sendable {
    package static let version = ProjectVersion.current
    /// The controller name in events.
    static let controllerName = "autoscaling.example.com/generalscaler"
    /// The fix to log if the API server does not have the resource GeneralScalers.
    private static let missingFix =
        "install the CustomResourceDefinition with kubectl apply -f deploy/crd.yaml, or with helm upgrade and "
        + "crds.install=true"

    private let source: any MetricSource
    let controller: ScalerController
    private let events: EventRecorder
    private let scalers: Informer<GeneralScaler>
    let targets: TargetDirectory
    private let autoscalers: AutoscalerDirectory
    private let pause: OperatorPause?
    private let statusServer: StatusServer?
    private let admission: [any Service]
    /// The condition that delays readiness; nil once the operator is ready.
    let awaits: @Sendable () -> String?
    /// Returns the current contents of `/metrics`.
    let page: @Sendable () async -> MetricsPage
    /// The elector; nil without leader election.
    let elector: LeaderElector?

    /// - Parameters:
    ///   - source: the source of readings; runs as one of ``services``.
    ///   - http: the client for calls to the API server.
    ///   - audit: receives complete lines of the audit log.
    ///   - random: uniform in 0..<1, for the jitter of retries.
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
        // The caches notify the controller, and the controller reads from the caches, so the notifications are
        // connected last.
        let line = ChangeLine()
        let events = EventRecorder(
            client: client, controller: Self.controllerName, instance: configuration.identity, logger: logger
        )
        let targets = TargetDirectory(
            client: client, scope: namespaces.isEmpty ? .allNamespaces : .namespaces(namespaces), time: time,
            logger: logger,
            targetAppeared: line.targetAppeared
        )
        let autoscalers = AutoscalerDirectory(
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
                autoscalers: autoscalers,
                pause: pause,
                source: source,
                secrets: SecretStore(
                    client: client, operatorNamespace: configuration.cluster.defaultNamespace, time: time,
                    random: random,
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
            // Only ready replicas receive reviews: a rolling update continues only when the new replica can answer.
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
                    otherAutoscaler: { try? await autoscalers.otherAutoscaler(of: $0, namespace: $1) }, time: time)
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
        self.autoscalers = autoscalers
        self.pause = pause
    }

    /// The services in the order in which they start. They stop in reverse order: first the decisions, then the lease
    /// is released so that the next leader can start, then the inputs of decisions.
    package var services: [any Service] {
        let first: [(any Service)?] = [statusServer, pause, events, source, targets, autoscalers, scalers, elector]
        return admission + first.compactMap(\.self) + [controller]
    }
}

/// Delivers notifications from the caches to the controller, which is created after them.
private final class ChangeLine: Sendable {
    /// Weak, because the controller retains the caches, and the caches retain this object.
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
    /// Tracks the existing scalers, on the leader and on standbys.
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
    /// The system clocks.
    package static let system = OperatorTime(clock: ContinuousClock()) {
        Timestamp(microsecondsSince1970: Int64(Date.now.timeIntervalSince1970 * 1_000_000))
    }
}
