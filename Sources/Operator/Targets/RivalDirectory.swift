import KubernetesClient
import Logging
import ScalerAPI
import ServiceLifecycle
import Synchronization
import SystemIO

/// Finds other autoscalers of a target: HorizontalPodAutoscalers, and KEDA's ScaledObjects if the cluster has them.
/// Both are watched from the first query on.
final class RivalDirectory: Service {
    /// How long it waits for the first list of a kind before it says that it cannot tell.
    static let syncTimeout: Duration = .seconds(5)
    /// How long it is believed that the cluster does not have a kind.
    static let absenceLifetime: Duration = .seconds(30)

    private enum Origin: CaseIterable {
        // First: KEDA makes a HorizontalPodAutoscaler of each, and would make it again.
        case scaledObject
        case autoscaler

        /// The same kind in versions of its API, the newest first.
        var kinds: [ResourceKind] {
            switch self {
            case .scaledObject:
                [ResourceKind(group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects")]
            case .autoscaler:
                // Clusters before Kubernetes 1.23 have v1 alone.
                ["v2", "v1"].map {
                    ResourceKind(
                        group: "autoscaling", version: $0, kind: "HorizontalPodAutoscaler",
                        plural: "horizontalpodautoscalers")
                }
            }
        }
    }

    private enum Knowledge {
        case watched(RivalCache)
        case absent(since: Duration)
    }

    private let client: KubernetesClient
    private let scope: Informer<TargetKey?>.Scope
    private let time: OperatorTime
    private let logger: Logger
    private let pool = WatchPool()
    private let known = Mutex<[Origin: Knowledge]>([:])

    init(client: KubernetesClient, scope: Informer<TargetKey?>.Scope, time: OperatorTime, logger: Logger) {
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

    /// Returns what else scales the target, such as `HorizontalPodAutoscaler/web`; nil for nothing.
    ///
    /// - Throws: a blocker if that is unknown: then nothing may be patched.
    func rival(of target: TargetReference, namespace: String) async throws(Blocker) -> String? {
        let key = TargetKey(target, in: namespace)
        do throws(KubernetesError) {
            for origin in Origin.allCases {
                guard let cache = try await cache(of: origin) else { continue }
                await cache.isListed.wait(for: Self.syncTimeout, time: time)
                if cache.isGone {
                    end(cache, of: origin)
                } else if let rival = try cache.rival(of: key) {
                    return rival
                }
            }
            return nil
        } catch {
            throw Blocker(
                .targetUnavailable,
                "it is unknown whether a HorizontalPodAutoscaler or ScaledObject also scales this target, so it is "
                    + "held: \(error.message)")
        }
    }

    // MARK: Kinds

    /// Returns nil if the cluster does not have the kind.
    private func cache(of origin: Origin) async throws(KubernetesError) -> RivalCache? {
        let former = known.withLock { known -> Knowledge? in
            let former = known[origin]
            // One asks again; for the others the last answer still counts.
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

    private func discover(_ origin: Origin) async throws(KubernetesError) -> RivalCache? {
        for kind in origin.kinds {
            do throws(KubernetesError) {
                _ = try await client.discover(apiVersion: kind.apiVersion, kind: kind.kind)
                return start(kind, of: origin)
            } catch {
                guard error.kind != .notFound else { continue }
                // An API server that does not answer has not got a new kind.
                guard known.withLock({ $0[origin] }) == nil else { return nil }
                throw error
            }
        }
        known.withLock { known in
            if known[origin] == nil { known[origin] = .absent(since: time.elapsed()) }
        }
        return nil
    }

    private func start(_ kind: ResourceKind, of origin: Origin) -> RivalCache {
        let (cache, isNew) = known.withLock { known in
            if case .watched(let cache) = known[origin] { return (cache, false) }
            let cache = RivalCache(kind, client: client, scope: scope, logger: logger)
            known[origin] = .watched(cache)
            return (cache, true)
        }
        if isNew { pool.start(until: cache.end) { try await cache.informer.run() } }
        return cache
    }

    private func end(_ cache: RivalCache, of origin: Origin) {
        cache.end.open()
        known.withLock { known in
            if case .watched(let current) = known[origin], current === cache {
                known[origin] = .absent(since: time.elapsed())
            }
        }
    }
}
