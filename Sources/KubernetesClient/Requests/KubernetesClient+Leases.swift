import WireFormats

extension KubernetesClient {
    package func lease(_ key: ObjectKey, deadline: Duration) async throws(KubernetesError) -> Lease {
        try Self.lease(await get(.lease, key, deadline: deadline))
    }

    /// - Throws: ``KubernetesError/Kind/alreadyExists`` if another client has created it.
    package func createLease(_ lease: Lease, deadline: Duration) async throws(KubernetesError) -> Lease {
        try Self.lease(await create(.lease, in: lease.key.namespace, lease.json, deadline: deadline))
    }

    /// Updates the lease, with the resource version that was read.
    ///
    /// - Throws: ``KubernetesError/Kind/conflict`` if it has been changed since.
    package func updateLease(_ lease: Lease, deadline: Duration) async throws(KubernetesError) -> Lease {
        try Self.lease(await update(.lease, lease.key, lease.json, deadline: deadline))
    }

    private static func lease(_ answer: JSON) throws(KubernetesError) -> Lease {
        do {
            return try Lease(answer)
        } catch {
            throw KubernetesError(.malformedAnswer, "the answer is not a Lease: \(error)")
        }
    }
}
