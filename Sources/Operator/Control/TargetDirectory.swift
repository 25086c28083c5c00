import KubernetesClient
import Logging
import ServiceLifecycle
import WireFormats

/// Knows the replicas of every target: from a cache that a watch keeps, one per kind of target, and from the API
/// server itself where the cache is behind.
actor TargetDirectory: Service {
    /// How long a poll waits for a kind's first list before it asks for its one target alone.
    static let syncTimeout: Duration = .seconds(5)

    private struct KindCache {
        let informer: Informer<CachedTarget>
        let synced: Gate
        /// Kinds whose replicas stand where Deployments have them.
        let isWorkload: Bool
    }

    /// `spec.replicas` of a scale subresource, at one version of the object.
    private struct KnownScale {
        let resourceVersion: String
        let replicas: Int
    }

    private static let workloads: [ResourceKind] = [.deployment, .statefulSet]

    private let client: KubernetesClient
    private let scope: Informer<CachedTarget>.Scope
    private let time: OperatorTime
    private let logger: Logger
    private let starts: AsyncStream<Informer<CachedTarget>>
    private let startsInput: AsyncStream<Informer<CachedTarget>>.Continuation
    private let targetAppeared: @Sendable (TargetPlace) -> Void
    private var caches: [ResourceKind: KindCache] = [:]
    private var scales: [ResourceKind: [ObjectKey: KnownScale]] = [:]

    /// - Parameter targetAppeared: told of each target that is new in a cache, for scalers that wait for it.
    init(
        client: KubernetesClient,
        scope: Informer<CachedTarget>.Scope,
        time: OperatorTime,
        logger: Logger,
        targetAppeared: @escaping @Sendable (TargetPlace) -> Void
    ) {
        self.client = client
        self.scope = scope
        self.time = time
        self.logger = logger
        self.targetAppeared = targetAppeared
        // As many elements as kinds of targets.
        (starts, startsInput) = AsyncStream.makeStream()
    }

    /// Runs the watches, each from the moment its kind is first asked for.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { watches in
                for await informer in starts {
                    watches.addTask { try? await informer.run() }
                }
                watches.cancelAll()
            }
        } onGracefulShutdown: {
            self.startsInput.finish()
        }
    }

    /// Fills the cache of a target's kind before anybody asks for the target.
    func prepare(_ target: TargetReference, namespace: String) async {
        guard let kind = try? await resourceKind(of: target, namespace: namespace) else { return }
        _ = cache(of: kind)
    }

    /// Lists every kind anew that is cached, so that nothing shown afterwards is older than this call.
    ///
    /// A kind that has never been listed needs none: its targets are asked for one by one. Nor does one that cannot be
    /// listed, for want of the right for instance, keep everything else waiting: a patch of a target that was seen at an
    /// old version is refused.
    func relist() async {
        let informers = caches.values.map(\.informer).filter(\.hasSynced)
        await withTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { lists in
                    for informer in informers { lists.addTask { await informer.relist() } }
                }
            }
            group.addTask { [time] in try? await time.sleep(Self.syncTimeout) }
            await group.next()
            group.cancelAll()
        }
    }

    /// A target's replicas.
    ///
    /// - Parameters:
    ///   - minimumVersion: a cache that shows an older version is not believed.
    ///   - bypassingCache: asks the API server in any case.
    func snapshot(
        of target: TargetReference, namespace: String, notOlderThan minimumVersion: String?, bypassingCache: Bool
    ) async throws(Blocker) -> TargetSnapshot {
        let kind = try await resourceKind(of: target, namespace: namespace)
        let key = ObjectKey(namespace: namespace, name: target.name)
        let cache = cache(of: kind)
        await cache.synced.wait(for: Self.syncTimeout, time: time)
        if !bypassingCache, cache.informer.hasSynced {
            guard let cached = cache.informer[key] else {
                scales[kind]?[key] = nil
                throw Blocker(scaling: target, namespace: namespace, KubernetesError(.notFound, "not in the cache"))
            }
            if minimumVersion.map(cached.isNotOlder) ?? true {
                return try await snapshot(cached, kind, key, target, isWorkload: cache.isWorkload)
            }
        }
        return try await liveSnapshot(kind, key, target, isWorkload: cache.isWorkload)
    }

    // MARK: Snapshots

    private func snapshot(
        _ cached: CachedTarget, _ kind: ResourceKind, _ key: ObjectKey, _ target: TargetReference, isWorkload: Bool
    ) async throws(Blocker) -> TargetSnapshot {
        if isWorkload {
            return TargetSnapshot(
                kind: kind, resourceVersion: cached.resourceVersion, replicas: cached.replicas ?? 1,
                readyReplicas: cached.readyReplicas ?? 0
            )
        }
        // Where the replicas stand in other kinds only the scale subresource knows: asked once per version.
        let known: KnownScale
        if let scale = scales[kind]?[key], scale.resourceVersion == cached.resourceVersion {
            known = scale
        } else {
            known = try await fetchScale(kind, key, target)
        }
        return TargetSnapshot(
            kind: kind, resourceVersion: known.resourceVersion, replicas: known.replicas,
            readyReplicas: cached.readyReplicas ?? known.replicas
        )
    }

    private func liveSnapshot(
        _ kind: ResourceKind, _ key: ObjectKey, _ target: TargetReference, isWorkload: Bool
    ) async throws(Blocker) -> TargetSnapshot {
        let object: CachedTarget
        do {
            object = try CachedTarget(try await client.get(kind, key, CachedTarget.reader))
        } catch let error as KubernetesError {
            throw Blocker(scaling: target, namespace: key.namespace, error)
        } catch {
            throw Blocker(.targetUnavailable, "\(target) makes no sense as the API server shows it: \(error)")
        }
        return try await snapshot(object, kind, key, target, isWorkload: isWorkload)
    }

    private func fetchScale(
        _ kind: ResourceKind, _ key: ObjectKey, _ target: TargetReference
    ) async throws(Blocker) -> KnownScale {
        do throws(KubernetesError) {
            let scale = try await client.scale(of: kind, key)
            let known = KnownScale(resourceVersion: scale.resourceVersion, replicas: scale.replicas)
            scales[kind, default: [:]][key] = known
            return known
        } catch {
            throw Blocker(scaling: target, namespace: key.namespace, error)
        }
    }

    // MARK: Kinds

    private func resourceKind(of target: TargetReference, namespace: String) async throws(Blocker) -> ResourceKind {
        if let known = Self.workloads.first(where: { $0.apiVersion == target.apiVersion && $0.kind == target.kind }) {
            return known
        }
        do throws(KubernetesError) {
            let resource = try await client.discover(apiVersion: target.apiVersion, kind: target.kind)
            guard resource.hasScale, resource.kind.isNamespaced else {
                throw KubernetesError(.notFound, "")
            }
            return resource.kind
        } catch {
            guard error.kind == .notFound else { throw Blocker(scaling: target, namespace: namespace, error) }
            throw Blocker(
                .targetNotScalable,
                "the API server has no scalable kind \(target.kind) in \(target.apiVersion): check apiVersion and kind of "
                    + "targetRef; a custom resource needs a scale subresource in its definition."
            )
        }
    }

    /// The kind's cache, started where this is the first time it is asked for.
    private func cache(of kind: ResourceKind) -> KindCache {
        if let cache = caches[kind] { return cache }
        let synced = Gate()
        let informer = Informer<CachedTarget>(
            client: client, kind: kind, scope: scope, reader: CachedTarget.reader, logger: logger,
            decode: { try CachedTarget($0) },
            handle: { [targetAppeared] event in
                switch event {
                case .added(let key, _):
                    let target = TargetReference(apiVersion: kind.apiVersion, kind: kind.kind, name: key.name)
                    targetAppeared(TargetPlace(namespace: key.namespace, target: target))
                case .synced: synced.open()
                case .updated, .deleted, .malformed: break
                }
            }
        )
        let cache = KindCache(informer: informer, synced: synced, isWorkload: Self.workloads.contains(kind))
        caches[kind] = cache
        startsInput.yield(informer)
        return cache
    }
}
