import KubernetesClient
import WireFormats

/// A target's replicas at one version of it.
struct TargetSnapshot: Sendable, Hashable {
    let kind: ResourceKind
    let resourceVersion: String
    /// `spec.replicas` of the scale subresource.
    let replicas: Int
    let readyReplicas: Int
}

/// What a cache keeps of an object that may be a target.
struct CachedTarget: Sendable, Hashable {
    /// However large its pod template and annotations are, a target is read.
    static let reader = ObjectReader(ObjectFields(["spec": ["replicas"], "status": ["readyReplicas"]]))

    let resourceVersion: String
    /// Of the built-in workloads, whose scale subresource says the same.
    let replicas: Int?
    /// Nil where the kind has no such field.
    let readyReplicas: Int?

    init(_ json: JSON) throws(JSONPathError) {
        resourceVersion = try JSONReader(json).required("metadata").required("resourceVersion").string()
        replicas = Self.count(json["spec"]?["replicas"])
        // The built-in workloads leave the field out at 0, so that only other kinds are without it.
        readyReplicas = Self.count(json["status"]?["readyReplicas"])
    }

    /// In a kind of its own, a controller may write anything there: fewer than none are none, and so not ready.
    private static func count(_ json: JSON?) -> Int? {
        let possible = GeneralScalerSpec.Limits.replicas
        return json?.intValue.map { min(max($0, possible.lowerBound), possible.upperBound) }
    }

    /// Whether this version is at least that one.
    func isNotOlder(than version: String) -> Bool { ResourceVersion.isNotOlder(resourceVersion, than: version) }
}

enum ResourceVersion {
    /// Versions are numbers on every API server there is; where one is not, only the very same counts.
    static func isNotOlder(_ version: String, than other: String) -> Bool {
        guard let own = UInt64(version), let wanted = UInt64(other) else { return version == other }
        return own >= wanted
    }
}
