import WireFormats

extension KubernetesClient {
    package func lease(_ key: ObjectKey, deadline: Duration) async throws(KubernetesError) -> Lease {
        try Self.lease(await get(.lease, key, deadline: deadline))
    }

    /// - Throws: ``KubernetesError/Kind/alreadyExists`` if someone else was faster.
    package func createLease(_ lease: Lease, deadline: Duration) async throws(KubernetesError) -> Lease {
        try Self.lease(await create(.lease, in: lease.key.namespace, lease.json, deadline: deadline))
    }

    /// Replaces the lease as it was read.
    ///
    /// - Throws: ``KubernetesError/Kind/conflict`` if it has changed since.
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
