import ClusterSimulator
import PluginHost
import PluginProtocol
import WireFormats

/// Checks the invariants by observing the environment from outside: what the API server accepted and what plugins
/// answered. It uses no information from operators except `pendingScale` before a patch.
///
/// Not thread-safe: all code of the simulation runs on one thread, see ``JobQueue``.
final class InvariantChecker {
    let timeline: Timeline
    let trace: Trace
    let faults: FaultPlan
    let cluster: Cluster
    private(set) var violation: Violation?

    /// The versions by name, oldest first.
    var versions: [String: [ScalerVersion]] = [:]
    /// The readings by series, oldest first.
    var readings: [String: [ServedReading]] = [:]
    var clocks: [String: SimulatedClock] = [:]
    /// The pending scales by UID of the scaler, oldest first.
    var pendings: [String: [PendingScale]] = [:]
    /// By UID: whether the status on the server still contains the last one.
    var openPending: [String: Int64] = [:]
    /// By UID of the scaler: the writers of its status.
    var statusWriters: [String: Set<String>] = [:]
    var scales: [AcceptedScale] = []
    /// The versions of budgets by name, oldest first.
    var budgets: [String: [BudgetVersion]] = [:]
    /// By target, oldest first.
    var replicaChanges: [String: [ReplicaChange]] = [:]
    /// By target: when another client changed its replicas.
    var outsideScales: [String: [Int64]] = [:]
    /// The changes of the operator-wide pause.
    var pauses: [(since: Int64, isPaused: Bool)] = [(0, false)]
    /// The targets' replicas at the beginning of quiescence.
    var replicasAtQuiescence: [String: Int] = [:]
    var quiescentSince: Int64?
    private var lastLeader: String?
    /// When an operator became the leader, or started without an election; oldest first.
    var terms: [(since: Int64, operator: String)] = []
    /// The number of events of a scale operation, by scaler UID and text.
    var announced: [String: Int] = [:]

    init(_ timeline: Timeline, _ trace: Trace, _ faults: FaultPlan, _ cluster: Cluster) {
        self.timeline = timeline
        self.trace = trace
        self.faults = faults
        self.cluster = cluster
    }

    var isOperatorPaused: Bool { pauses.last?.isPaused ?? false }

    /// Records a violation. Only the first one counts, because it may cause others.
    func note(_ message: String) {
        guard violation == nil else { return }
        violation = Violation(time: timeline.now, message: message)
        trace.add(timeline.now, "checker", message)
    }

    // MARK: What people did

    func plan(of scaler: String) -> ScalerPlan? { versions[scaler]?.last.flatMap { $0.until == nil ? $0.plan : nil } }

    func scalerChanged(_ name: String, _ object: JSON, _ plan: ScalerPlan) {
        closeVersion(of: name)
        let metadata = object["metadata"]
        let uid = metadata?["uid"]?.stringValue ?? ""
        // The replicas of another target prove nothing.
        loseOutcome { $0.pending.uid == uid && $0.target != plan.target }
        versions[name, default: []].append(
            ScalerVersion(
                name: name, uid: uid,
                created: metadata?["creationTimestamp"]?.stringValue ?? "", plan: plan, since: timeline.now, until: nil)
        )
        trace.add(timeline.now, "people", "\(name) is \(plan.summary)")
    }

    func scalerDeleted(_ name: String) { closeVersion(of: name) }

    private func closeVersion(of name: String) {
        guard let last = versions[name]?.indices.last, versions[name]?[last].until == nil else { return }
        versions[name]?[last].until = timeline.now
    }

    func outsideScale(_ target: String, to replicas: Int) {
        outsideScales[target, default: []].append(timeline.now)
        targetCreated(target, replicas)
        guard let last = scales.last(where: { $0.target == target }), last.to != replicas else { return }
        loseOutcome { $0.target == target }
    }

    /// Handles that another object has the target's name, so that its replicas prove nothing about the former one.
    func targetReplaced(_ target: String, _ replicas: Int) {
        outsideScales[target, default: []].append(timeline.now)
        // The former object may have been gone for a while.
        targetCreated(target, 0)
        targetCreated(target, replicas)
        loseOutcome { $0.target == target }
    }

    /// Handles that a client other than an operator set a target's replicas.
    func targetCreated(_ target: String, _ replicas: Int) {
        replicaChanges[target, default: []].append(
            ReplicaChange(at: timeline.now, replicas: replicas, isOwn: false))
    }

    /// Marks the outcome of the last of these operations as unknown, unless it has been recorded.
    private func loseOutcome(ofLast matches: (AcceptedScale) -> Bool) {
        guard let last = scales.lastIndex(where: matches) else { return }
        let pending = scales[last].pending
        if openPending[pending.uid] == pending.at { scales[last].isKnown = false }
    }

    func operatorPause(_ isPaused: Bool) { pauses.append((timeline.now, isPaused)) }

    func started(_ replica: String, _ clock: SimulatedClock, hasElection: Bool) {
        clocks[replica] = clock
        if !hasElection { terms.append((timeline.now, replica)) }
    }

    // MARK: What plugins said

    func answered(
        _ series: String, to replica: String, startedAt: Int64, _ result: Result<MetricReading, PluginFailure>
    ) {
        let reading = try? result.get()
        let value = reading.flatMap { $0.value.isFinite ? $0.value : nil }
        readings[series, default: []].append(
            ServedReading(
                replica: replica, startedAt: startedAt, at: timeline.now, value: value,
                observedAt: reading?.observedAtMicroseconds ?? 0))
        trace.add(timeline.now, replica, "reads \(series): \(value.map { "\($0)" } ?? "nothing")")
    }

    // MARK: Requests

    /// Handles a request that leaves an operator.
    func sent(_ request: APIRequest, by replica: String, hasElection: Bool) {
        guard hasElection, request.method == "PATCH", request.isScale || request.isScalerStatus else { return }
        let leader = cluster.leader
        if leader != replica {
            note("\(replica) sent \(request.method) \(request.path) while \(leader ?? "nobody") held the lease")
        }
    }

    /// Serves a request that arrives, and checks its effect.
    func serve(_ request: APIRequest, from replica: String, sentAt: Int64, isAwaited: Bool) -> APIResponse {
        let before = request.isScale ? cluster.replicas(of: request.objectName) : nil
        let answer = cluster.api.handle(request)
        let isWrite = request.method != "GET"
        if isWrite, let leader = cluster.leader, leader != terms.last?.operator { terms.append((timeline.now, leader)) }
        if isWrite, !request.path.contains("/leases/") || answer.status >= 300 || cluster.leader != lastLeader {
            lastLeader = cluster.leader
            trace.add(timeline.now, replica, "\(request.method) \(request.path) \(answer.status)")
        }
        if let version = request.query.first(where: { $0.name == "resourceVersion" })?.value, !isWrite {
            trace.add(timeline.now, replica, "watches \(request.path) from \(version): \(answer.status)")
        }
        guard isWrite, answer.status < 300 else { return answer }
        if request.isScale, let before {
            checkScale(request, answer, before: before, by: replica, sentAt: sentAt, isAwaited: isAwaited)
        } else if request.isScalerStatus, let object = cluster.scaler(request.objectName) {
            // The operator requests only the metadata in the response.
            checkStatus(object, by: replica, sentAt: sentAt)
        } else if request.method == "POST", request.path.hasSuffix("/events"), let event = answer.json {
            checkEvent(event)
        }
        return answer
    }
}

extension APIRequest {
    var isScale: Bool { method == "PATCH" && path.hasSuffix("/scale") }
    var isScalerStatus: Bool { path.contains("/generalscalers/") && path.hasSuffix("/status") }

    /// The object's name in a request for a subresource.
    var objectName: String { String(path.split(separator: "/").dropLast().last ?? "") }
}

extension ScalerPlan {
    private var scheduleSummary: String {
        fittingSchedule.map {
            " (\($0.least ?? least)...\($0.most ?? most) from minute \($0.minute) for \($0.seconds) s)"
        } ?? ""
    }

    /// A summary on one line for the trace.
    var summary: String {
        let rates = [upRate, downRate].map { rate in rate.map { "\($0.count)\($0.isPercent ? "%" : "")" } ?? "-" }
        let cooldowns = [cooldown, upCooldown, downCooldown].map { $0.map(String.init) ?? "-" }
        let state =
            "\(isPaused ? " paused" : "")\(isDryRun ? " dry" : "")"
            + (forecast.map { " forecast \($0.rawValue)" } ?? "")
        return
            "\(target) \(least)...\(most)\(scheduleSummary) every \(interval)\(state) on \(metrics.map(\.name).joined(separator: "+")) "
            + "cap \(cap.map(String.init) ?? "-") rates \(rates.joined(separator: "/")) "
            + "cooldowns \(cooldowns.joined(separator: "/")) fallback \(fallback.rawValue) \(fallbackReplicas)"
    }
}
