package import Scaling
package import WireFormats

/// What one pod requests of each resource, as the scheduler of Kubernetes counts it: the containers and sidecars that run
/// together, or the largest init container with the sidecars before it if that is more, and the overhead.
///
/// Source: k8s.io/component-helpers/resource, `PodRequests`.
package struct PodRequests: Sendable, Hashable {
    /// By resource. Nil for a resource that a container does not request or requests with a malformed quantity.
    private var amounts: [String: BudgetAmount?] = [:]

    /// The resources that a container uses although it requests none.
    private static let shared: Set<String> = ["cpu", "memory", "ephemeral-storage"]

    /// The paths in a pod's `spec` that ``init(podSpec:)`` reads.
    package static let fields = [
        ["containers", "resources"], ["initContainers", "resources"], ["initContainers", "restartPolicy"],
        ["resources"], ["overhead"],
    ]

    /// Returns nil if the object has no containers, as the pod template of a custom resource may be elsewhere.
    ///
    /// - Parameter object: a Deployment, a StatefulSet or another object with a pod template in `spec.template`.
    package init?(target object: JSON) {
        self.init(podSpec: object["spec"]?["template"]?["spec"] ?? .null)
    }

    /// - Parameter spec: the `spec` of a pod or of a pod template.
    package init?(podSpec spec: JSON) {
        guard let containers = spec["containers"]?.arrayValue, !containers.isEmpty else { return nil }
        let inits = spec["initContainers"]?.arrayValue ?? []
        let pod = Resources(spec["resources"] ?? .null)
        let overhead = Resources.amounts(spec["overhead"])
        let containerResources = containers.map { Resources($0["resources"] ?? .null) }
        let initResources = inits.map { (Resources($0["resources"] ?? .null), $0["restartPolicy"] == "Always") }
        var names = pod.names.union(overhead.keys)
        for resources in containerResources + initResources.map(\.0) { names.formUnion(resources.names) }
        for name in names {
            let needed = Self.shared.contains(name)
            func amount(_ resources: Resources) -> BudgetAmount? {
                resources.request(name) ?? (needed || resources.names.contains(name) ? nil : .zero)
            }
            let sum = Self.sum(
                containerResources.map(amount),
                initResources.map { resources, isSidecar in
                    // An init container that ends may have no request: the pod has at least that of the others.
                    (resources.names.contains(name) || isSidecar ? amount(resources) : .zero, isSidecar)
                })
            let total: BudgetAmount? =
                if pod.requests[name] != nil {
                    pod.requests[name] ?? nil
                } else {
                    sum ?? pod.limits[name] ?? nil
                }
            let more: BudgetAmount? = overhead[name] ?? .zero
            guard let total, let more, total + more <= .largestConsumption else {
                amounts[name] = .some(nil)
                continue
            }
            amounts[name] = total + more
        }
    }

    /// Returns the request of a pod, or nil if one of the amounts is unknown.
    private static func sum(
        _ containers: [BudgetAmount?], _ inits: [(amount: BudgetAmount?, isSidecar: Bool)]
    ) -> BudgetAmount? {
        var sidecars = BudgetAmount.zero
        var largest = BudgetAmount.zero
        for entry in inits {
            guard let amount = entry.amount else { return nil }
            if entry.isSidecar { sidecars += amount }
            largest = max(largest, entry.isSidecar ? sidecars : sidecars + amount)
        }
        var together = sidecars
        for amount in containers {
            guard let amount else { return nil }
            together += amount
        }
        return max(together, largest)
    }

    /// Returns what a pod requests of a unit with the name of a resource; nil if that is unknown.
    ///
    /// A pod has a device, an extended resource or huge pages only if it requests them. CPU, memory and storage are used
    /// without a request too, so that an absent request is unknown.
    package func amount(of unit: String) -> BudgetAmount? {
        if let amount = amounts[unit] { return amount }
        return unit.contains("/") || unit.hasPrefix("hugepages-") ? .zero : nil
    }

    /// Whether a container requests the unit, with an amount that can be read.
    package func names(_ unit: String) -> Bool { (amounts[unit] ?? nil) != nil }
}

/// The `resources` of a container or of a pod. A value is nil if it is malformed.
private struct Resources {
    let requests: [String: BudgetAmount?]
    let limits: [String: BudgetAmount?]

    init(_ json: JSON) {
        requests = Self.amounts(json["requests"])
        limits = Self.amounts(json["limits"])
    }

    var names: Set<String> { Set(requests.keys).union(limits.keys) }

    /// Kubernetes sets an absent request to the limit.
    func request(_ name: String) -> BudgetAmount? { (requests[name] ?? limits[name]) ?? nil }

    static func amounts(_ json: JSON?) -> [String: BudgetAmount?] {
        (json?.objectValue ?? [:]).mapValues { value in
            if let text = value.stringValue { return BudgetAmount(quantity: text) }
            return value.doubleValue.flatMap { BudgetAmount($0) }
        }
    }
}
