package import WireFormats

/// A lock that its holder must renew (coordination.k8s.io/v1).
package struct Lease: Sendable, Hashable {
    package let key: ObjectKey
    /// The resource version; nil for a lease that has not been created yet.
    package let resourceVersion: String?
    /// The holder; nil or empty if there is none.
    package var holder: String?
    package var durationSeconds: Int
    /// When the holder acquired the lease, in microseconds since 1970; nil if unset.
    package var acquired: Int64?
    package var renewed: Int64?
    /// The number of holder changes.
    package var transitions: Int
    /// The object as received, so that fields set by other clients are preserved.
    private let original: JSON

    package init(
        key: ObjectKey, holder: String?, durationSeconds: Int, acquired: Int64?, renewed: Int64?, transitions: Int
    ) {
        self.key = key
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquired = acquired
        self.renewed = renewed
        self.transitions = transitions
        resourceVersion = nil
        original = [
            "apiVersion": .string(ResourceKind.lease.apiVersion), "kind": .string(ResourceKind.lease.kind),
            "metadata": ["name": .string(key.name), "namespace": .string(key.namespace)],
        ]
    }

    package init(_ object: JSON) throws(JSONPathError) {
        let reader = JSONReader(object)
        let metadata = try reader.required("metadata")
        key = ObjectKey(
            namespace: try metadata.required("namespace").nonEmptyString(),
            name: try metadata.required("name").nonEmptyString()
        )
        resourceVersion = try metadata.required("resourceVersion").nonEmptyString()
        let spec = try reader.optional("spec")
        holder = try spec?.optional("holderIdentity")?.string()
        durationSeconds = try spec?.optional("leaseDurationSeconds")?.int(in: 0...Int(Int32.max)) ?? 0
        acquired = try spec?.optional("acquireTime")?.time()
        renewed = try spec?.optional("renewTime")?.time()
        transitions = try spec?.optional("leaseTransitions")?.int(in: 0...Int(Int32.max)) ?? 0
        original = object
    }

    var json: JSON {
        var members = original.objectValue ?? [:]
        var spec = members["spec"]?.objectValue ?? [:]
        spec["holderIdentity"] = holder.map(JSON.string)
        spec["leaseDurationSeconds"] = .integer(Int64(durationSeconds))
        spec["acquireTime"] = acquired.map(JSON.microTime)
        spec["renewTime"] = renewed.map(JSON.microTime)
        spec["leaseTransitions"] = .integer(Int64(transitions))
        members["spec"] = .object(spec)
        return .object(members)
    }
}

extension JSON {
    /// Returns a Kubernetes MicroTime with exactly six fraction digits, which the API server requires.
    static func microTime(_ microseconds: Int64) -> JSON {
        .string(RFC3339.text(microseconds: microseconds, precision: .microseconds))
    }
}

extension JSONReader {
    fileprivate func time() throws(JSONPathError) -> Int64 {
        let text = try string()
        guard let microseconds = RFC3339.microseconds(text) else { throw error("must be an RFC 3339 time") }
        return microseconds
    }
}
