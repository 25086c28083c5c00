import KubernetesClient
import ScalerAPI
import Scaling
import WireFormats

/// The controller's state of one scaler between polls. Only the controller changes it.
///
/// A class, so that a running poll holds the state itself and not a copy that misses concurrent changes.
final class ScalerState {
    let identity: ObjectIdentity
    /// The newest known version of the object that has the status stored here.
    var version: String
    var generation: Int
    var creationTimestamp: String
    var labels: [String: String]
    var spec: Result<GeneralScalerSpec, InvalidSpec>
    /// The plugins' resolution of this generation of the spec; nil until they have been asked.
    var resolution: Resolution?
    /// When this generation of the spec was received; nil for the first one.
    var editedAt: Duration?
    /// Whether Secrets were read again for this generation of the spec.
    var hasSeenSecrets = false
    var history: ScalingHistory
    var conditions: [RecordedCondition]
    var lastDecision: Decision?
    /// Whether the last decision may have scaled up if the budgets had been known.
    var isHeldForBudgets = false
    /// Whether the last poll could not decide.
    var isBlocked = false
    /// The fault of a metric's config that its source found at the last read.
    var configFault: Blocker?
    /// The number of failed polls, by reason.
    var errors: [Blocker.Reason: Int] = [:]
    /// Whether the status on the server contains the last decision.
    var isStatusWritten = false
    var isPolling = false
    /// The time that the poll which is on, or was last, decided by; nil until it decides.
    var decidedAt: Timestamp?
    /// Whether the next poll is due because of an edge of a schedule.
    var isDueForEdge = false
    /// Whether a pushed reading has not been used by a poll yet.
    var isPushed = false
    /// When a pushed reading last started an early poll.
    var lastPushedPoll: Duration?
    /// The latest time of the next read of the source, regardless of pushed readings.
    var nextAsking: Duration = .zero
    /// The other autoscaler that was found to scale the target.
    var otherAutoscaler: String?
    /// When the scaler was last known to own the target; nil while another GeneralScaler owns it.
    var heldTargetAt: Timestamp?
    /// The UID of the target when it was last read. The state of the target belongs to this object.
    private(set) var targetUID: String?
    var reversals = ReversalGuard()
    /// Since when fewer replicas are ready than exist; nil while all are ready.
    var unreadySince: Timestamp?
    /// The version of the target that the last scale patch created. A cache with an older version is stale.
    var minimumTargetVersion: String?
    /// The scale operations that may still be applied.
    var unconfirmed: UnconfirmedScale?
    /// What a pod of the target requested when the target was last read; nil if unknown.
    var requests: PodRequests?
    var phase: UInt64
    /// What forecasts are made from, and how it is rebuilt.
    var forecasts = ForecastState()

    init(_ object: GeneralScaler) {
        identity = object.identity
        version = object.resourceVersion
        generation = object.generation
        creationTimestamp = object.creationTimestamp
        labels = object.labels
        spec = object.spec
        history = object.status.history
        conditions = object.status.conditions
        let ready = conditions.first { $0.condition.kind == .replicasReady }
        // Replicas were ready for long enough at that time.
        unreadySince =
            ready?.condition.status == .false
            ? ready.map { $0.lastTransitionTime + (.zero - Condition.replicasReadyTime) } : nil
        forecasts.startup = object.status.startup
        forecasts.inactiveSince = object.status.forecastInactiveSince
        phase = Self.phase(of: object)
        // The status of such an object is unchanged until the object changes.
        if case .failure = spec { isStatusWritten = object.status.observedGeneration == object.generation }
        if let name = object.status.targetName, let target, name != target.description {
            history.forgetTarget()
        } else {
            targetUID = object.status.targetUID
            heldTargetAt = object.status.heldTargetAt
        }
    }

    /// Updates the state with a newer generation of the same object.
    func update(_ object: GeneralScaler, at now: Duration) {
        editedAt = now
        generation = object.generation
        _ = take(labelsOf: object)
        let (formerTarget, formerClaim) = (target, claimedTarget)
        spec = object.spec
        if let target, target != formerTarget {
            history.forgetTarget()
            unconfirmed = nil
            targetUID = nil
            requests = nil
        }
        if claimedTarget != formerClaim { heldTargetAt = nil }
        resolution = nil
        configFault = nil
        isPushed = false
        nextAsking = .zero
        hasSeenSecrets = false
        isStatusWritten = false
        otherAutoscaler = nil
        reversals = ReversalGuard()
        forecasts.specChanged(to: try? object.spec.get())
        phase = Self.phase(of: object)
    }

    /// Takes the labels of a newer version. Those of an object over the limits are not read and stay as they were.
    ///
    /// - Returns: whether they have changed.
    func take(labelsOf object: GeneralScaler) -> Bool {
        if object.labels.isEmpty, case .failure = object.spec { return false }
        guard labels != object.labels else { return false }
        labels = object.labels
        return true
    }

    /// Ties the state of the target to the object that currently has its name.
    func see(_ target: TargetSnapshot, at now: Timestamp) {
        guard target.uid != targetUID, !target.uid.isEmpty else { return }
        if targetUID != nil {
            history.replaceTarget(at: now)
            unconfirmed = nil
            reversals = ReversalGuard()
            unreadySince = nil
        }
        targetUID = target.uid
        isStatusWritten = false
    }

    /// Records a version created by another client's change, for example of a label.
    func notice(version newer: String) {
        if ResourceVersion.isNotOlder(newer, than: version) { version = newer }
    }

    var pollingInterval: Duration {
        (try? spec.get().pollingInterval) ?? GeneralScalerSpec.defaultPollingInterval
    }

    var target: TargetReference? { (try? spec.get())?.target }

    /// The replicas that the spec and its schedules allow; nil if it is invalid.
    func bounds(at now: Timestamp) -> ClosedRange<Int>? { (try? spec.get())?.bounds(at: now) }

    /// The target that the scaler claims. A paused or dry-run scaler claims none.
    var claimedTarget: TargetReference? {
        guard case .success(let spec) = spec, !spec.isPaused, spec.mode == .active else { return nil }
        return spec.target
    }

    /// The types of its metrics.
    var metricTypes: Set<String> { Set((try? spec.get())?.metrics.map(\.type) ?? []) }

    /// Returns the difference between a verdict and the last report.
    func change(to verdict: ScalerVerdict, plugins: Condition) -> StatusChange {
        var others = [plugins]
        if case .decided(let decision, _) = verdict {
            others.append(.replicasReady(unreadySince: unreadySince, decision: decision))
        }
        return StatusChange(
            previous: conditions, previousDecision: lastDecision, verdict: verdict, configFault: configFault,
            others: others,
            tracksIdleness: (try? spec.get())?.mayScaleToZero ?? false
        )
    }

    /// The condition as last reported.
    var pluginsCondition: Condition {
        conditions.first { $0.condition.kind == .pluginsHealthy }?.condition ?? .plugins(unhealthy: [])
    }

    func status(
        _ conditions: [RecordedCondition], _ decision: Decision?, blocker: Blocker? = nil
    ) -> ScalerStatus {
        ScalerStatus(
            conditions: conditions, observedGeneration: generation, target: target, targetUID: targetUID,
            decision: decision, blocker: blocker, history: history, startup: forecasts.startup,
            forecastInactiveSince: forecasts.inactiveSince, unconfirmedReplicas: unconfirmed?.replicas
        )
    }

    /// Returns the poll phase. Scalers with an equal first metric are polled together, so that one call serves them
    /// all.
    private static func phase(of object: GeneralScaler) -> UInt64 {
        guard case .success(let spec) = object.spec, let metric = spec.metrics.first else {
            return PollPhase.phase(of: object.uid)
        }
        return PollPhase.phase(of: "\(metric.type) \(metric.config)")
    }
}

/// Scale-ups of a target whose outcome is unknown, all from the same replicas.
struct UnconfirmedScale {
    var from: Int
    /// The most replicas that one of them sets.
    var replicas: Int
    /// Until when they count in budgets.
    var until: Duration
}

/// A spec completed with what only the plugins know.
struct Resolution: Sendable {
    var spec: ScalingSpec
    /// The declarations of the metrics that plugins read, in the order of the spec.
    var declarations: [BuiltinMetricTypes.Declaration]
    /// The queries, one per such metric in the same order.
    var queries: [ReadingQuery]
    /// The values of Secrets in the queries.
    var secrets: SecretValues
    /// What the operator filled into them.
    var scaler: FilledScaler
}
