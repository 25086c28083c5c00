package import WireFormats

/// A lock that its holder must renew (coordination.k8s.io/v1).
package struct Lease: Sendable, Hashable {
    package let key: ObjectKey
    /// Nil for a lease that is not yet on the server.
    package let resourceVersion: String?
    /// Nil or empty: no holder.
    package var holder: String?
    package var durationSeconds: Int
    /// Microseconds since 1970; nil if the lease does not say.
    package var acquired: Int64?
    package var renewed: Int64?
    /// How often the holder has changed.
    package var transitions: Int
    /// The object as it came: what others put into it stays.
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
    /// Returns a Kubernetes MicroTime: exactly six digits, which the API server insists on.
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
