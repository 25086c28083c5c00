import KubernetesClient
import Logging
import ScalerAPI
import ServiceLifecycle
import Synchronization
import SystemIO

/// Finds other autoscalers of a target: HorizontalPodAutoscalers, and KEDA's ScaledObjects if the cluster has them.
/// Both are watched from the first query on.
final class AutoscalerDirectory: Service {
    /// How long to wait for the first list of a kind before reporting the autoscalers as unknown.
    static let syncTimeout: Duration = .seconds(5)
    /// How long the absence of a kind is cached.
    static let absenceLifetime: Duration = .seconds(30)

    private enum Origin: CaseIterable {
        // First, because KEDA creates a HorizontalPodAutoscaler for each ScaledObject, and would create it again.
        case scaledObject
        case autoscaler

        /// The kind in each of its API versions, newest first.
        var kinds: [ResourceKind] {
            switch self {
            case .scaledObject:
                [
                    ResourceKind(
                        group: "keda.sh", version: "v1alpha1", kind: AutoscalerCache.scaledObject,
                        plural: "scaledobjects")
                ]
            case .autoscaler:
                // Clusters before Kubernetes 1.23 have only v1.
                ["v2", "v1"].map {
                    ResourceKind(
                        group: "autoscaling", version: $0, kind: "HorizontalPodAutoscaler",
                        plural: "horizontalpodautoscalers")
                }
            }
        }
    }

    private enum Knowledge {
        case watched(AutoscalerCache)
        case absent(since: Duration)
    }

    private let client: KubernetesClient
    private let scope: WatchScope
    private let time: TimeSource
    private let logger: Logger
    private let pool = WatchPool()
    private let known = Mutex<[Origin: Knowledge]>([:])

    init(client: KubernetesClient, scope: WatchScope, time: TimeSource, logger: Logger) {
        self.client = client
        self.scope = scope
        self.time = time
        self.logger = logger
    }

    func run() async throws { try await pool.run() }

    /// Starts the watches before the first query.
    func prepare() async {
        for origin in Origin.allCases { _ = try? await cache(of: origin) }
    }

    /// Returns the other autoscaler of the target, such as `HorizontalPodAutoscaler/web`; nil if there is none.
    ///
    /// - Throws: a blocker if it is unknown, in which case nothing may be patched.
    func otherAutoscaler(of target: TargetReference, namespace: String) async throws(Blocker) -> String? {
        let key = TargetKey(target, in: namespace)
        do throws(KubernetesError) {
            for origin in Origin.allCases {
                guard let cache = try await cache(of: origin) else { continue }
                await cache.isListed.wait(for: Self.syncTimeout, time: time)
                if cache.isGone {
                    end(cache, of: origin)
                } else if let other = try cache.otherAutoscaler(of: key) {
                    return other
                }
            }
            return nil
        } catch {
            throw Blocker(
                .targetUnavailable,
                "failed to check whether a HorizontalPodAutoscaler or ScaledObject also scales this target, so the "
                    + "replicas are held: \(error.message)")
        }
    }

    // MARK: Kinds

    /// Returns the cache of a kind; nil if the cluster does not have the kind.
    private func cache(of origin: Origin) async throws(KubernetesError) -> AutoscalerCache? {
        let former = known.withLock { known -> Knowledge? in
            let former = known[origin]
            // One caller looks the kind up again; for the others, the last result still counts.
            if case .absent(let since) = former, time.elapsed() - since >= Self.absenceLifetime {
                known[origin] = .absent(since: time.elapsed())
                return nil
            }
            return former
        }
        switch former {
        case .watched(let cache): return cache
        case .absent: return nil
        case nil: return try await discover(origin)
        }
    }

    private func discover(_ origin: Origin) async throws(KubernetesError) -> AutoscalerCache? {
        for kind in origin.kinds {
            do throws(KubernetesError) {
                _ = try await client.discover(apiVersion: kind.apiVersion, kind: kind.kind)
                return start(kind, of: origin)
            } catch {
                guard error.kind != .notFound else { continue }
                // If the API server does not answer, assume that it has no new kind.
                guard known.withLock({ $0[origin] }) == nil else { return nil }
                throw error
            }
        }
        known.withLock { known in
            if known[origin] == nil { known[origin] = .absent(since: time.elapsed()) }
        }
        return nil
    }

    private func start(_ kind: ResourceKind, of origin: Origin) -> AutoscalerCache {
        let (cache, isNew) = known.withLock { known in
            if case .watched(let cache) = known[origin] { return (cache, false) }
            let cache = AutoscalerCache(kind, client: client, scope: scope, logger: logger)
            known[origin] = .watched(cache)
            return (cache, true)
        }
        if isNew { pool.start(until: cache.end) { try await cache.informer.run() } }
        return cache
    }

    private func end(_ cache: AutoscalerCache, of origin: Origin) {
        cache.end.open()
        known.withLock { known in
            if case .watched(let current) = known[origin], current === cache {
                known[origin] = .absent(since: time.elapsed())
            }
        }
    }
}
