import KubernetesClient
import ScalerAPI
import WireFormats

/// The replicas of one version of a target.
struct TargetSnapshot: Sendable, Hashable {
    let kind: ResourceKind
    let uid: String
    let resourceVersion: String
    /// `spec.replicas` of the scale subresource.
    let replicas: Int
    /// The ready replicas; nil if the target does not report them.
    let readyReplicas: Int?
    /// The label selector of the target's pods, as text; nil if the target tells none.
    var selector: String?
    /// What one pod requests; nil if the target has no pod template.
    var requests: PodRequests?
}

/// The cached part of an object that may be a target.
struct CachedTarget: Sendable, Hashable {
    /// However large its pod template and annotations are, a target is read.
    static let reader = ObjectReader(
        ObjectFields(
            ["spec": ["replicas", "selector"], "status": ReadyReplicas.fields],
            paths: PodRequests.fields.map { ["spec", "template", "spec"] + $0 }))

    let uid: String
    let resourceVersion: String
    /// The replicas of a built-in workload, which equal those of its scale subresource.
    let replicas: Int?
    let ready: ReadyReplicas
    /// Of the built-in workloads, whose scale subresource says the same.
    let selector: String?
    let requests: PodRequests?

    init(_ json: JSON) throws(JSONPathError) {
        let metadata = try JSONReader(json).required("metadata")
        uid = try metadata.optional("uid")?.string() ?? ""
        resourceVersion = try metadata.required("resourceVersion").string()
        replicas = ReadyReplicas.count(json["spec"]?["replicas"])
        ready = ReadyReplicas(status: json["status"] ?? .null)
        selector = LabelSelector.text(json["spec"]?["selector"] ?? .null)
        requests = PodRequests(target: json)
    }

    /// Returns whether this version is the given one or newer.
    func isNotOlder(than version: String) -> Bool { ResourceVersion.isNotOlder(resourceVersion, than: version) }
}

/// The ready replicas in an object's status. Go's encoder omits a count of 0, so an absent field means 0 for one kind,
/// and for another kind that it has no such field.
enum ReadyReplicas: Sendable, Hashable {
    case reported(Int)
    /// The field is absent, next to counts that only kinds with ready replicas have.
    case omitted
    /// The field is absent, and it is unknown whether the kind has it.
    case absent
    /// The field is present and not a count.
    case invalid

    /// The fields in order of precedence: an available replica is ready.
    private static let counts = ["readyReplicas", "availableReplicas"]
    /// Other counts of Deployments and kinds modelled on them.
    private static let companions = ["updatedReplicas", "unavailableReplicas", "fullyLabeledReplicas"]

    /// The fields to read of a status.
    static let fields = counts + companions

    init(status: JSON) {
        func isThere(_ field: String) -> Bool { status[field].map { !$0.isNull } ?? false }
        if let field = Self.counts.first(where: isThere) {
            self = Self.count(status[field]).map { .reported($0) } ?? .invalid
        } else {
            self = Self.companions.contains(where: isThere) ? .omitted : .absent
        }
    }

    /// Returns the ready replicas; nil if unknown.
    ///
    /// - Parameter isReportedByKind: whether objects of the kind are known to report ready replicas.
    func count(isReportedByKind: Bool) -> Int? {
        switch self {
        case .reported(let count): count
        case .omitted: 0
        case .absent: isReportedByKind ? 0 : nil
        case .invalid: nil
        }
    }

    /// Reads a count. The controller of a custom resource may write any number: a negative one counts as 0.
    static func count(_ json: JSON?) -> Int? {
        let possible = GeneralScalerSpec.Limits.replicas
        return json?.intValue.map { min(max($0, possible.lowerBound), possible.upperBound) }
    }
}

enum ResourceVersion {
    /// Compares resource versions, which are numbers on all known API servers; if one is not a number, they have to be
    /// equal.
    static func isNotOlder(_ version: String, than other: String) -> Bool {
        guard let own = UInt64(version), let wanted = UInt64(other) else { return version == other }
        return own >= wanted
    }
}
