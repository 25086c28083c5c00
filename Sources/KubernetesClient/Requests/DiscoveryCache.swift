/// A kind as the server reports it.
package struct DiscoveredResource: Sendable, Hashable {
    package let kind: ResourceKind
    package let hasScale: Bool
}

/// A cache of discovery results with expiry. Pure: times are parameters.
struct DiscoveryCache {
    private struct Entry {
        let fetched: Int64
        /// The resources by kind.
        let resources: [String: DiscoveredResource]
    }

    /// The entries by apiVersion.
    private var entries: [String: Entry] = [:]

    /// Returns the kind, or `.some(nil)` if the server is known not to have it; nil if unknown.
    func lookup(apiVersion: String, kind: String, now: Int64) -> DiscoveredResource?? {
        guard let entry = entries[apiVersion] else { return nil }
        let age = now - entry.fetched
        let found = entry.resources[kind]
        // A kind that has no scale subresource may get one soon, once its definition is fixed.
        let lifetime =
            found?.hasScale == true
            ? KubernetesLimits.discoveryLifetimeMicroseconds : KubernetesLimits.missingResourceLifetimeMicroseconds
        return (0..<lifetime).contains(age) ? .some(found) : nil
    }

    mutating func store(apiVersion: String, resources: [DiscoveredResource], now: Int64) {
        // The names come from users' objects, so their number is limited. A removed entry only costs a call.
        if entries.count >= KubernetesLimits.discoveryEntries { entries.removeAll() }
        let byKind = Dictionary(resources.map { ($0.kind.kind, $0) }, uniquingKeysWith: { first, _ in first })
        entries[apiVersion] = Entry(fetched: now, resources: byKind)
    }
}
