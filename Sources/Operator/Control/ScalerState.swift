import KubernetesClient
import ScalerAPI
import Scaling
import WireFormats

/// The controller's state of one scaler between polls. Only the controller changes it.
///
/// A class: what a poll has in hand is the state itself, not a copy that what happens meanwhile passes by.
final class ScalerState {
    let identity: ObjectIdentity
    /// The newest version of the object that is known to have the status that is remembered here.
    var version: String
    var generation: Int
    var creationTimestamp: String
    var spec: Result<GeneralScalerSpec, InvalidSpec>
    /// What the plugins made of this generation of the spec; nil until they could be asked.
    var resolution: Resolution?
    /// Since when this generation of the spec is known; nil for the first one.
    var editedAt: Duration?
    /// Whether Secrets were read again for this generation of the spec.
    var hasSeenSecrets = false
    var history: ScalingHistory
    var conditions: [RecordedCondition]
    var lastDecision: Decision?
    /// The last poll could not decide.
    var isBlocked = false
    /// Why a metric's config cannot be right, as its source found when it was last asked.
    var configFault: Blocker?
    /// Polls that came to nothing.
    var errors: [Blocker.Reason: Int] = [:]
    /// The status on the server is what was last decided.
    var isStatusWritten = false
    var isPolling = false
    /// The time that the poll which is on, or was last, decided by; nil until it decides.
    var decidedAt: Timestamp?
    /// A reading was pushed that no poll has looked at yet.
    var isPushed = false
    /// When a pushed reading last started a poll ahead of its time.
    var lastPushedPoll: Duration?
    /// The latest time of the next poll of the source, regardless of pushed readings.
    var nextAsking: Duration = .zero
    /// What else was found to scale the target.
    var rival: String?
    /// When the scaler is last known to have had the target for itself; nil while another GeneralScaler has it.
    var heldTargetAt: Timestamp?
    /// The object that had the target's name when it was last looked at: what is remembered of the target is of this
    /// one.
    private(set) var targetUID: String?
    var reversals = ReversalGuard()
    /// Since when fewer replicas are ready than there are; nil while all are.
    var unreadySince: Timestamp?
    /// The target's version that the last scale patch made. A cache that shows an older one is late.
    var minimumTargetVersion: String?
    var phase: UInt64

    init(_ object: GeneralScaler) {
        identity = object.identity
        version = object.resourceVersion
        generation = object.generation
        creationTimestamp = object.creationTimestamp
        spec = object.spec
        history = object.status.history
        history.pendingScale?.isOfFormerSpec = object.status.observedGeneration != object.generation
        conditions = object.status.conditions
        let ready = conditions.first { $0.condition.kind == .replicasReady }
        // It was long enough then.
        unreadySince =
            ready?.condition.status == .false
            ? ready.map { $0.lastTransitionTime + (.zero - Condition.replicasReadyTime) } : nil
        phase = Self.phase(of: object)
        // Of such an object the status says the same until the object changes.
        if case .failure = spec { isStatusWritten = object.status.observedGeneration == object.generation }
        if let name = object.status.targetName, let target, name != target.description {
            history.forgetTarget()
        } else {
            targetUID = object.status.targetUID
            heldTargetAt = object.status.heldTargetAt
        }
    }

    /// Takes over a newer generation of the same object.
    func update(_ object: GeneralScaler, at now: Duration) {
        editedAt = now
        generation = object.generation
        let (formerTarget, formerClaim) = (target, claimedTarget)
        spec = object.spec
        if let target, target != formerTarget {
            history.forgetTarget()
            targetUID = nil
        }
        if claimedTarget != formerClaim { heldTargetAt = nil }
        history.pendingScale?.isOfFormerSpec = true
        resolution = nil
        configFault = nil
        isPushed = false
        nextAsking = .zero
        hasSeenSecrets = false
        isStatusWritten = false
        rival = nil
        reversals = ReversalGuard()
        phase = Self.phase(of: object)
    }

    /// Ties what is remembered of the target to the object that has its name now.
    func see(_ target: TargetSnapshot, at now: Timestamp) {
        guard target.uid != targetUID, !target.uid.isEmpty else { return }
        if targetUID != nil {
            history.replaceTarget(at: now)
            reversals = ReversalGuard()
            unreadySince = nil
        }
        targetUID = target.uid
        isStatusWritten = false
    }

    /// Records a version that another client's change has made, for example of a label.
    func notice(version newer: String) {
        if ResourceVersion.isNotOlder(newer, than: version) { version = newer }
    }

    var pollingInterval: Duration {
        (try? spec.get().pollingInterval) ?? GeneralScalerSpec.defaultPollingInterval
    }

    var target: TargetReference? { (try? spec.get())?.target }

    /// The replicas that the spec and its schedules allow; nil if it is invalid.
    func bounds(at now: Timestamp) -> ClosedRange<Int>? { (try? spec.get())?.bounds(at: now) }

    /// What it claims to scale. A paused or dry-run scaler claims nothing.
    var claimedTarget: TargetReference? {
        guard case .success(let spec) = spec, !spec.isPaused, spec.mode == .active else { return nil }
        return spec.target
    }

    /// The types of its metrics.
    var metricTypes: Set<String> { Set((try? spec.get())?.metrics.map(\.type) ?? []) }

    /// Returns what a verdict changes against what was last reported.
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

    /// As it was last reported.
    var pluginsCondition: Condition {
        conditions.first { $0.condition.kind == .pluginsHealthy }?.condition ?? .plugins(unhealthy: [])
    }

    func status(
        _ conditions: [RecordedCondition], _ decision: Decision?, blocker: Blocker? = nil
    ) -> ScalerStatus {
        ScalerStatus(
            conditions: conditions, observedGeneration: generation, target: target, targetUID: targetUID,
            decision: decision, blocker: blocker, history: history
        )
    }

    /// Scalers whose first metric is the same are polled together, so that one call serves them all.
    private static func phase(of object: GeneralScaler) -> UInt64 {
        guard case .success(let spec) = object.spec, let metric = spec.metrics.first else {
            return PollPhase.phase(of: object.uid)
        }
        return PollPhase.phase(of: "\(metric.type) \(metric.config)")
    }
}

/// A spec with all that only the plugins know.
struct Resolution: Sendable {
    var spec: ScalingSpec
    /// One per metric, in the same order.
    var queries: [ReadingQuery]
    /// What was filled into the queries.
    var secrets: SecretValues
}
