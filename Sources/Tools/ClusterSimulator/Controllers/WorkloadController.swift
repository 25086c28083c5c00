import WireFormats

/// Simulates the controllers of Deployments, stateful sets and replica sets: pods become ready some time after they are
/// requested.
struct WorkloadController: Sendable {
    struct Reference: Hashable, Sendable {
        let resource: GroupResource
        let key: ObjectKey
    }

    /// A workload. Times are microseconds since 1970.
    private struct Workload {
        var template: JSON
        var revision = 1
        /// When each pod becomes ready, oldest first.
        var readyAt: [Int64] = []
        /// When the current template is rolled out.
        var rolledOutAt: Int64
        /// When the status was last written; later changes are pending.
        var writtenAt: Int64?

        func nextChange(after time: Int64) -> Int64? {
            (readyAt + [rolledOutAt]).filter { $0 > time }.min()
        }

        func isDue(by now: Int64) -> Bool {
            guard let writtenAt, let next = nextChange(after: writtenAt) else { return writtenAt == nil }
            return next <= now
        }
    }

    static let resources: Set<GroupResource> = Set(
        ["deployments", "statefulsets", "replicasets"].map { GroupResource(group: "apps", resource: $0) })

    private let startupDelay: Int64
    private var workloads: [Reference: Workload] = [:]
    private var earliest: Int64?
    /// While frozen, statuses do not change.
    private(set) var isFrozen = false

    init(startupDelay: Duration) {
        let (seconds, attoseconds) = startupDelay.components
        self.startupDelay = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    var nextDeadline: Int64? { isFrozen ? nil : earliest }

    mutating func freeze() { isFrozen = true }

    mutating func thaw(now: Int64) {
        isFrozen = false
        earliest = now
    }

    /// Updates the state with a workload's spec.
    ///
    /// - Returns: whether the status has to be written now.
    mutating func observe(_ reference: Reference, _ object: JSON, now: Int64) -> Bool {
        let wanted = max(object.int("spec", "replicas") ?? 1, 0)
        let template = object[at: "spec", "template"] ?? [:]
        var workload = workloads[reference] ?? Workload(template: template, rolledOutAt: now + startupDelay)
        if workload.template != template {
            workload.template = template
            workload.revision += 1
            workload.rolledOutAt = now + startupDelay
        }
        if workload.readyAt.count > wanted {
            // Removes the youngest first, which are not ready yet, like the real controllers.
            workload.readyAt.removeLast(workload.readyAt.count - wanted)
        } else {
            let new = wanted - workload.readyAt.count
            workload.readyAt.append(contentsOf: repeatElement(now + startupDelay, count: new))
        }
        workload.writtenAt = nil
        workloads[reference] = workload
        if let next = workload.nextChange(after: now) { earliest = min(earliest ?? .max, next) }
        return !isFrozen
    }

    /// Returns whether each pod of a workload is ready, oldest first.
    func readiness(of reference: Reference, now: Int64) -> [Bool] {
        workloads[reference]?.readyAt.map { $0 <= now } ?? []
    }

    mutating func forget(_ reference: Reference) { workloads[reference] = nil }

    /// Returns the workloads whose status may have changed. The caller must write all of them.
    mutating func due(by now: Int64) -> [Reference] {
        guard !isFrozen, let earliest, earliest <= now else { return [] }
        self.earliest = workloads.values.compactMap { $0.nextChange(after: now) }.min()
        return workloads.filter { $0.value.isDue(by: now) }.map(\.key)
            .sorted { ($0.resource.resource, $0.key) < ($1.resource.resource, $1.key) }
    }

    /// Makes every pod ready and every rollout complete, also while frozen.
    ///
    /// - Returns: the workloads whose status has to be written now.
    mutating func completeAll(now: Int64) -> [Reference] {
        workloads = workloads.mapValues { workload in
            var workload = workload
            workload.readyAt = workload.readyAt.map { min($0, now) }
            workload.rolledOutAt = min(workload.rolledOutAt, now)
            return workload
        }
        return workloads.keys.sorted { ($0.resource.resource, $0.key) < ($1.resource.resource, $1.key) }
    }

    /// Returns the object with its current status; nil if it is unchanged.
    mutating func status(of reference: Reference, in object: JSON, now: Int64) -> JSON? {
        guard let workload = workloads[reference] else { return nil }
        workloads[reference]?.writtenAt = now
        let counts = WorkloadStatus.Counts(
            replicas: workload.readyAt.count, ready: workload.readyAt.count { $0 <= now },
            isRolledOut: workload.rolledOutAt <= now)
        var updated = object
        updated.set(
            WorkloadStatus(object, reference.resource.resource, RFC3339.text(microseconds: now, precision: .seconds))
                .status(counts), at: "status")
        if reference.resource.resource == "deployments" {
            updated.set(
                .string(String(workload.revision)), at: "metadata", "annotations",
                "deployment.kubernetes.io/revision")
        }
        guard updated != object else { return nil }
        return updated
    }
}
