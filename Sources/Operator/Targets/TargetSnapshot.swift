import KubernetesClient
import ScalerAPI
import WireFormats

/// A target's replicas at one version of it.
struct TargetSnapshot: Sendable, Hashable {
    let kind: ResourceKind
    let uid: String
    let resourceVersion: String
    /// `spec.replicas` of the scale subresource.
    let replicas: Int
    /// Nil if the target does not report them.
    let readyReplicas: Int?
    /// The label selector of the target's pods, as text; nil if the target tells none.
    var selector: String?
}

/// The cached part of an object that may be a target.
struct CachedTarget: Sendable, Hashable {
    /// However large its pod template and annotations are, a target is read.
    static let reader = ObjectReader(ObjectFields(["spec": ["replicas", "selector"], "status": ReadyReplicas.fields]))

    let uid: String
    let resourceVersion: String
    /// Of the built-in workloads, whose scale subresource says the same.
    let replicas: Int?
    let ready: ReadyReplicas
    /// Of the built-in workloads, whose scale subresource says the same.
    let selector: String?

    init(_ json: JSON) throws(JSONPathError) {
        let metadata = try JSONReader(json).required("metadata")
        uid = try metadata.optional("uid")?.string() ?? ""
        resourceVersion = try metadata.required("resourceVersion").string()
        replicas = ReadyReplicas.count(json["spec"]?["replicas"])
        ready = ReadyReplicas(status: json["status"] ?? .null)
        selector = LabelSelector.text(json["spec"]?["selector"] ?? .null)
    }

    /// Returns whether this version is at least that one.
    func isNotOlder(than version: String) -> Bool { ResourceVersion.isNotOlder(resourceVersion, than: version) }
}

/// The ready replicas in an object's status. Go's encoder omits a count of 0, so an absent field means 0 for one kind,
/// and for another kind that it has no such field.
enum ReadyReplicas: Sendable, Hashable {
    case reported(Int)
    /// Not there, beside counts that only kinds have which report ready replicas.
    case omitted
    /// Absent, and it is unknown whether the kind has such a field.
    case absent
    /// There, and not a count.
    case invalid

    /// The first that is there counts: a replica that is available is ready.
    private static let counts = ["readyReplicas", "availableReplicas"]
    /// Counts of Deployments and of kinds that are modelled on them.
    private static let companions = ["updatedReplicas", "unavailableReplicas", "fullyLabeledReplicas"]

    /// What is read of a status.
    static let fields = counts + companions

    init(status: JSON) {
        func isThere(_ field: String) -> Bool { status[field].map { !$0.isNull } ?? false }
        if let field = Self.counts.first(where: isThere) {
            self = Self.count(status[field]).map { .reported($0) } ?? .invalid
        } else {
            self = Self.companions.contains(where: isThere) ? .omitted : .absent
        }
    }

    /// Returns nil if unknown.
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

    /// In a custom resource, a controller may write anything there: fewer than none are none, and so not ready.
    static func count(_ json: JSON?) -> Int? {
        let possible = GeneralScalerSpec.Limits.replicas
        return json?.intValue.map { min(max($0, possible.lowerBound), possible.upperBound) }
    }
}

enum ResourceVersion {
    /// Versions are numbers on every API server there is; if one is not, only an equal one counts.
    static func isNotOlder(_ version: String, than other: String) -> Bool {
        guard let own = UInt64(version), let wanted = UInt64(other) else { return version == other }
        return own >= wanted
    }
}
