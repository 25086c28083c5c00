import ClusterSimulator
import PluginHost
import PluginProtocol
import WireFormats

/// Knows the invariants, and sees the environment from outside: what the API server accepted and what plugins said. It
/// takes no operator's word for anything, but for what stands in `pendingScale` before a patch.
///
/// Not thread-safe: all code of the simulation runs on one thread, see ``JobQueue``.
final class InvariantChecker {
    let timeline: Timeline
    let trace: Trace
    let faults: FaultPlan
    let cluster: Cluster
    private(set) var violation: Violation?

    /// By name, oldest first.
    var versions: [String: [ScalerVersion]] = [:]
    /// By series, oldest first.
    var readings: [String: [ServedReading]] = [:]
    var clocks: [String: SimulatedClock] = [:]
    /// By UID of the scaler, oldest first.
    var pendings: [String: [PendingScale]] = [:]
    /// Whether the status on the server still has the last one: by UID.
    var openPending: [String: Int64] = [:]
    /// By scaler's uid: who has written its status.
    var statusWriters: [String: Set<String>] = [:]
    var scales: [AcceptedScale] = []
    /// By target: when another client changed its replicas.
    var outsideScales: [String: [Int64]] = [:]
    /// The operator-wide pause: when it changed, and to what.
    var pauses: [(since: Int64, isPaused: Bool)] = [(0, false)]
    /// Replicas of the targets when quiescence began.
    var replicasAtCalm: [String: Int] = [:]
    var quiescentSince: Int64?
    private var lastLeader: String?
    /// The number of events of a scale operation, by scaler UID and text.
    var announced: [String: Int] = [:]

    init(_ timeline: Timeline, _ trace: Trace, _ faults: FaultPlan, _ cluster: Cluster) {
        self.timeline = timeline
        self.trace = trace
        self.faults = faults
        self.cluster = cluster
    }

    var isOperatorPaused: Bool { pauses.last?.isPaused ?? false }

    /// Only the first counts: what follows may follow from it.
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
        // Another target's replicas do not tell.
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
        guard let last = scales.last(where: { $0.target == target }), last.to != replicas else { return }
        loseOutcome { $0.target == target }
    }

    /// Another object has the target's name: its replicas tell nothing of the former one.
    func targetReplaced(_ target: String) {
        outsideScales[target, default: []].append(timeline.now)
        loseOutcome { $0.target == target }
    }

    /// From now on it is unknown whether the last of these had happened, where it was not written down yet what had
    /// come of it.
    private func loseOutcome(ofLast matches: (AcceptedScale) -> Bool) {
        guard let last = scales.lastIndex(where: matches) else { return }
        let pending = scales[last].pending
        if openPending[pending.uid] == pending.at { scales[last].isKnown = false }
    }

    func operatorPause(_ isPaused: Bool) { pauses.append((timeline.now, isPaused)) }

    func started(_ replica: String, _ clock: SimulatedClock) { clocks[replica] = clock }

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

    /// A request leaves an operator.
    func sent(_ request: APIRequest, by replica: String, hasElection: Bool) {
        guard hasElection, request.method == "PATCH", request.isScale || request.isScalerStatus else { return }
        let leader = cluster.leader
        if leader != replica {
            note("\(replica) sent \(request.method) \(request.path) while \(leader ?? "nobody") held the lease")
        }
    }

    /// Returns a request arrives: has it served, and judges what that did.
    func serve(_ request: APIRequest, from replica: String, sentAt: Int64, isAwaited: Bool) -> APIResponse {
        let before = request.isScale ? cluster.replicas(of: request.objectName) : nil
        let answer = cluster.api.handle(request)
        let isWrite = request.method != "GET"
        if isWrite, !request.path.contains("/leases/") || answer.status >= 300 || cluster.leader != lastLeader {
            lastLeader = cluster.leader
            trace.add(timeline.now, replica, "\(request.method) \(request.path) \(answer.status)")
        }
        if let version = request.query.first(where: { $0.name == "resourceVersion" })?.value, !isWrite {
            trace.add(timeline.now, replica, "watches \(request.path) from \(version): \(answer.status)")
        }
        guard isWrite, answer.status < 300 else { return answer }
        if request.isScale, let before {
            judgeScale(request, answer, before: before, by: replica, sentAt: sentAt, isAwaited: isAwaited)
        } else if request.isScalerStatus, let object = cluster.scaler(request.objectName) {
            // The operator asks for the metadata alone as the answer.
            judgeStatus(object, by: replica, sentAt: sentAt)
        } else if request.method == "POST", request.path.hasSuffix("/events"), let event = answer.json {
            judgeEvent(event)
        }
        return answer
    }
}

extension APIRequest {
    var isScale: Bool { method == "PATCH" && path.hasSuffix("/scale") }
    var isScalerStatus: Bool { path.contains("/generalscalers/") && path.hasSuffix("/status") }

    /// Of a request about a subresource: the object's name.
    var objectName: String { String(path.split(separator: "/").dropLast().last ?? "") }
}

extension ScalerPlan {
    private var scheduleSummary: String {
        fittingSchedule.map {
            " (\($0.least ?? least)...\($0.most ?? most) from minute \($0.minute) for \($0.seconds) s)"
        } ?? ""
    }

    /// In one line, for the trace.
    var summary: String {
        let rates = [upRate, downRate].map { rate in rate.map { "\($0.count)\($0.isPercent ? "%" : "")" } ?? "-" }
        let cooldowns = [cooldown, upCooldown, downCooldown].map { $0.map(String.init) ?? "-" }
        let state = "\(isPaused ? " paused" : "")\(isDryRun ? " dry" : "")"
        return
            "\(target) \(least)...\(most)\(scheduleSummary) every \(interval)\(state) on \(metrics.map(\.name).joined(separator: "+")) "
            + "cap \(cap.map(String.init) ?? "-") rates \(rates.joined(separator: "/")) "
            + "cooldowns \(cooldowns.joined(separator: "/")) fallback \(fallback.rawValue) \(fallbackReplicas)"
    }
}
