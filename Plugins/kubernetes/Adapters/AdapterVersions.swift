import PluginSDK
import SourceSupport
import Synchronization
import WireFormats

/// The version of the custom metrics API that an adapter prefers, of those that have the same answers.
final class AdapterVersions: Sendable {
    private struct Entry {
        let version: String
        let readAt: ContinuousClock.Instant
    }

    private static let path = "/apis/custom.metrics.k8s.io"
    private static let known = ["v1beta2", "v1beta1"]
    /// An adapter is replaced seldom.
    private static let lifetime: Duration = .seconds(600)
    private static let maxEntries = 16

    private let entries = Mutex<[APIEndpoint: Entry]>([:])

    func version(
        at endpoint: APIEndpoint, _ lists: NamespaceLists, deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> String {
        let now = ContinuousClock.now
        let kept = entries.withLock { $0[endpoint] }
        if let kept, now - kept.readAt < Self.lifetime { return kept.version }
        let group = try await lists.document(Self.path, Self.subject, endpoint, deadline: deadline)
        let served = (group["versions"]?.arrayValue ?? []).compactMap { $0["version"]?.stringValue }
        guard let version = Self.known.first(where: served.contains) else {
            throw PluginError.malformed(
                "the custom metrics API",
                "it has neither v1beta2 nor v1beta1, but \(served.isEmpty ? "no version" : served.joined(separator: ", "))"
            )
        }
        entries.withLock { entries in
            if entries.count >= Self.maxEntries { entries.removeAll() }
            entries[endpoint] = Entry(version: version, readAt: now)
        }
        return version
    }

    private static let subject = APISubject(
        what: "the custom metrics API",
        whenForbidden: "Ask the administrator to grant the plugin's account the ClusterRole system:discovery",
        whenNotFound: "The cluster has no custom metrics API: install an adapter, such as prometheus-adapter")
}
