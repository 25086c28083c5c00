import FoundationEssentials
package import HTTPTransport
import KubernetesClient
package import Logging
import PluginProtocol
import ScalerAPI
import Scaling
package import ServiceLifecycle
package import SystemIO
import TimeZones

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
    private let budgets: BudgetDirectory?
    private let pause: OperatorPause?
    private let statusServer: StatusServer?
    private let api: OperatorAPIServer?
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
    ///   - onAPIBound: the same of the API.
    package init(
        _ configuration: OperatorConfiguration, source: any MetricSource, http: any HTTPClient,
        time: TimeSource = .system,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger,
        audit: @escaping @Sendable ([UInt8]) -> Void, onBound: @escaping @Sendable (Int) -> Void = { _ in },
        onAdmissionBound: @escaping @Sendable (Int) -> Void = { _ in },
        onAPIBound: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let metrics = OperatorCounters()
        let client = KubernetesClient(
            configuration: configuration.cluster, http: http, time: time, random: random, logger: logger,
            observe: { metrics.apiRequest(verb: $0.verb, code: $0.status) })
        let changes = ScalerChanges()
        let events = EventRecorder(
            client: client, controller: Self.controllerName, instance: configuration.identity, logger: logger)
        let targets = TargetDirectory(
            client: client, scope: configuration.scope, time: time, logger: logger,
            targetAppeared: changes.targetAppeared)
        let autoscalers = AutoscalerDirectory(client: client, scope: configuration.scope, time: time, logger: logger)
        let scalers = Self.scalers(
            client, scope: configuration.scope, targets: targets, events: events, changes: changes, logger: logger)
        let budgets = Self.budgets(client, scope: configuration.scope, time: time, changes: changes, logger: logger)
        let pause = configuration.pauseConfigMap.map { OperatorPause($0, client: client, logger: logger) }
        let leadership = Leadership(isShared: configuration.election != nil, time: time)
        leadership.onChange(changes.wakeUp.signal)
        elector = configuration.election.map {
            LeaderElector(
                $0, identity: configuration.identity, client: client, leadership: leadership, time: time,
                random: random, logger: logger)
        }
        let secrets = SecretStore(configuration, client: client, time: time, random: random)
        let auditLog = AuditLog(identity: configuration.identity, write: audit)
        let memory = configuration.api.map { _ in ScalerMemory() }
        controller = ScalerController(
            ScalerController.Dependencies(
                changes: changes, scalers: scalers, targets: targets, autoscalers: autoscalers, budgets: budgets,
                pause: pause, source: source, secrets: secrets,
                writer: ScalerWriter(client: client, events: events, audit: auditLog, logger: logger),
                leadership: leadership, time: time, metrics: metrics, memory: memory, logger: logger))
        let certificates = configuration.admission.map {
            CertificateManager($0, client: client, time: time, metrics: metrics, logger: logger)
        }
        admission =
            certificates.map { certificates in
                let validator = AdmissionValidator(
                    source: source, scalers: { scalers.objects }, hasRight: AuthorRights(client: client).has,
                    otherAutoscaler: { try? await autoscalers.otherAutoscaler(of: $0, namespace: $1) }, time: time,
                    budgetScalers: BudgetReview.scalers(scalers, budgets: budgets, targets: targets),
                    budgets: { budgets?.all ?? [] }, namespaceLabels: { budgets?.labels(ofNamespace: $0) ?? [:] })
                return Self.admission(certificates, validator, time, metrics, logger, onAdmissionBound)
            } ?? []
        api = Self.api(configuration, memory, time, logger, onAPIBound)
        (self.source, self.events, self.scalers, self.targets) = (source, events, scalers, targets)
        (self.autoscalers, self.budgets, self.pause) = (autoscalers, budgets, pause)
        awaits = Self.readiness(scalers: scalers, certificates: certificates)
        page = Self.page(configuration, scalers: scalers, controller: controller, source: source, metrics: metrics)
        statusServer = configuration.listen.map { [controller, awaits, page] in
            Self.statusServer($0, controller, page: page, awaits: awaits, logger: logger, onBound: onBound)
        }
    }

    /// Returns the cache of GeneralScalers, which reports changes to the caches of targets and to the controller.
    private static func scalers(
        _ client: KubernetesClient, scope: WatchScope, targets: TargetDirectory, events: EventRecorder,
        changes: ScalerChanges, logger: Logger
    ) -> Informer<GeneralScaler> {
        Informer(
            client: client, kind: .generalScaler, scope: scope, missingFix: missingFix, logger: logger,
            decodeOversized: { try GeneralScaler($0) },
            decode: { try GeneralScaler($0, zones: TimeZoneDirectory.system) },
            handle: { event in
                targets.note(event)
                switch event {
                case .added(let key, _), .updated(let key, _, _): changes.objectChanged(key)
                case .deleted(let key, _):
                    events.forget(.generalScaler(key))
                    changes.objectChanged(key)
                case .malformed(let object):
                    logger.error(
                        "ignoring malformed GeneralScaler",
                        metadata: ["scaler": "\(object.key)", "error": "\(object.message)"])
                    changes.objectChanged(object.key)
                case .synced: break
                }
            }
        )
    }

    /// Returns the cache of budgets; nil without permission for cluster-scoped objects.
    private static func budgets(
        _ client: KubernetesClient, scope: WatchScope, time: TimeSource, changes: ScalerChanges, logger: Logger
    ) -> BudgetDirectory? {
        guard case .allNamespaces = scope else { return nil }
        return BudgetDirectory(
            client: client, time: time, logger: logger, changed: changes.budgetChanged,
            relabeled: changes.namespaceChanged, listed: changes.wakeUp.signal)
    }

    private static func admission(
        _ certificates: CertificateManager, _ validator: AdmissionValidator, _ time: TimeSource,
        _ metrics: OperatorCounters, _ logger: Logger, _ onBound: @escaping @Sendable (Int) -> Void
    ) -> [any Service] {
        let server = AdmissionServer(
            address: certificates.configuration.listen, certificates: certificates, validator: validator, time: time,
            metrics: metrics, logger: logger, onBound: onBound)
        return [certificates, server]
    }

    private static func api(
        _ configuration: OperatorConfiguration, _ memory: ScalerMemory?, _ time: TimeSource, _ logger: Logger,
        _ onBound: @escaping @Sendable (Int) -> Void
    ) -> OperatorAPIServer? {
        guard let memory, let api = configuration.api else { return nil }
        let answers = APIAnswers(memory: memory, time: time, identity: configuration.identity)
        return OperatorAPIServer(configuration: api, answers: answers, time: time, logger: logger, onBound: onBound)
    }

    private static func statusServer(
        _ address: ListenAddress, _ controller: ScalerController, page: @escaping @Sendable () async -> MetricsPage,
        awaits: @escaping @Sendable () -> String?, logger: Logger, onBound: @escaping @Sendable (Int) -> Void
    ) -> StatusServer {
        StatusServer(
            address: address, logger: logger, heartbeat: { _ = await controller.leads },
            metrics: { await page().text($0) }, awaits: awaits, onBound: onBound)
    }

    /// Returns the condition that delays readiness; it returns nil once the operator is ready.
    private static func readiness(
        scalers: Informer<GeneralScaler>, certificates: CertificateManager?
    ) -> @Sendable () -> String? {
        {
            if scalers.listFailure?.kind == .notFound {
                return "the API server has no resource \(ResourceKind.generalScaler.plural): \(missingFix)"
            }
            if !scalers.hasSynced { return "the list of GeneralScalers has not been read yet" }
            // Only ready replicas receive reviews: a rolling update continues only when the new replica can answer.
            if let certificates, certificates.current == nil {
                return "the webhook has no certificate; see the log"
            }
            return nil
        }
    }

    private static func page(
        _ configuration: OperatorConfiguration, scalers: Informer<GeneralScaler>, controller: ScalerController,
        source: any MetricSource, metrics: OperatorCounters
    ) -> @Sendable () async -> MetricsPage {
        let process = ProcessProbe()
        return {
            MetricsPage(
                version: version, lease: configuration.election?.lease.description ?? "",
                isDefinitionMissing: scalers.listFailure?.kind == .notFound, process: process.usage(),
                controller: await controller.snapshot(), plugins: await source.health(), counters: metrics)
        }
    }

    /// The services in the order in which they start. They stop in reverse order: first the decisions, then the lease
    /// is released so that the next leader can start, then the inputs of decisions.
    package var services: [any Service] {
        let first: [(any Service)?] = [
            statusServer, api, pause, events, source, targets, autoscalers, budgets, scalers, elector,
        ]
        return admission + first.compactMap(\.self) + [controller]
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
