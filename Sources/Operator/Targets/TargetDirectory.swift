import KubernetesClient
import Logging
import ScalerAPI
import ServiceLifecycle
import Synchronization
import SystemIO
import WireFormats

/// Reads the replicas of targets: from a watch cache per kind of target, and from the API server if the cache is stale.
///
/// A kind is watched, and a scale is cached, while a GeneralScaler has such a target.
final class TargetDirectory: Service {
    /// How long a poll waits for a kind's first list before it reads only its own target.
    static let syncTimeout: Duration = .seconds(5)

    /// The scale subresource of one version of a target.
    private struct KnownScale {
        let resourceVersion: String
        let answer: Result<Scale, Blocker>
    }

    private struct State {
        var owners = TargetOwners()
        var caches: [TargetOwners.Kind: KindCache] = [:]
        /// The scales of kinds whose replicas are only in the scale subresource.
        var scales: [TargetPlace: KnownScale] = [:]
    }

    private let client: KubernetesClient
    private let scope: WatchScope
    private let time: TimeSource
    private let logger: Logger
    private let pool = WatchPool()
    private let targetAppeared: @Sendable (TargetPlace) -> Void
    private let state = Mutex(State())

    /// - Parameter targetAppeared: called for each new target in a cache, for scalers that are waiting for it.
    init(
        client: KubernetesClient,
        scope: WatchScope,
        time: TimeSource,
        logger: Logger,
        targetAppeared: @escaping @Sendable (TargetPlace) -> Void
    ) {
        self.client = client
        self.scope = scope
        self.time = time
        self.logger = logger
        self.targetAppeared = targetAppeared
    }

    /// Runs the watches, each from the first use of its kind until no scaler needs it.
    func run() async throws { try await pool.run() }

    /// Sets the target of a scaler; nil after its deletion.
    func setTarget(_ target: TargetReference?, of scaler: ObjectKey) {
        let ended: KindCache? = state.withLock { state in
            let released = state.owners.set(target, of: scaler)
            if let place = released.place { state.scales[place] = nil }
            return released.kind.flatMap { state.caches.removeValue(forKey: $0) }
        }
        ended?.end.open()
    }

    /// The cached scales and the watched kinds.
    var kept: (places: [TargetPlace], kinds: [ResourceKind]) {
        state.withLock { (Array($0.scales.keys), $0.caches.values.map(\.kind)) }
    }

    /// Fills the cache of a target's kind before the first query.
    func prepare(_ target: TargetReference, namespace: String) async {
        guard let kind = try? await resourceKind(of: target, namespace: namespace) else { return }
        _ = cache(of: kind, for: TargetPlace(namespace: namespace, target: target))
    }

    /// Lists every cached kind again, so that no later result is older than this call.
    ///
    /// A kind that has never been listed is skipped, because its targets are read one by one. A kind that cannot be
    /// listed, for example without permission, does not block the others: a patch based on an old version is refused.
    func relist() async {
        let informers = state.withLock { $0.caches.values.map(\.informer) }.filter(\.hasSynced)
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

    /// Returns a target's replicas.
    ///
    /// - Parameters:
    ///   - minimumVersion: a cached object with an older version is not used.
    ///   - bypassingCache: whether to read from the API server in any case.
    func snapshot(
        of target: TargetReference, namespace: String, notOlderThan minimumVersion: String?, bypassingCache: Bool
    ) async throws(Blocker) -> TargetSnapshot {
        let kind = try await resourceKind(of: target, namespace: namespace)
        let place = TargetPlace(namespace: namespace, target: target)
        guard let cache = cache(of: kind, for: place) else { throw Self.released(target) }
        await cache.isListed.wait(for: Self.syncTimeout, time: time)
        guard !cache.end.isOpen else { throw Self.released(target) }
        if !bypassingCache, cache.informer.hasSynced {
            guard let cached = cache.informer[place.key] else {
                state.withLock { $0.scales[place] = nil }
                throw Blocker(scaling: target, namespace: namespace, KubernetesError(.notFound, "not in the cache"))
            }
            if minimumVersion.map(cached.isNotOlder) ?? true { return try await snapshot(cached, cache, place) }
        }
        return try await liveSnapshot(cache, place)
    }

    /// The error for a poll whose scaler was deleted or edited during the poll. Never shown.
    private static func released(_ target: TargetReference) -> Blocker {
        Blocker(.targetUnavailable, "no GeneralScaler scales \(target) anymore")
    }

    /// Returns what one pod of a target requests if its kind is cached; nil if it is unknown.
    func cachedRequests(of target: TargetReference, namespace: String) -> PodRequests? {
        let place = TargetPlace(namespace: namespace, target: target)
        return state.withLock { $0.caches[TargetOwners.Kind(target)] }?.informer[place.key]?.requests
    }

    // MARK: Snapshots

    private func snapshot(
        _ cached: CachedTarget, _ cache: KindCache, _ place: TargetPlace
    ) async throws(Blocker) -> TargetSnapshot {
        let ready = cache.readyReplicas(of: cached)
        if cache.isWorkload {
            return TargetSnapshot(
                kind: cache.kind, uid: cached.uid, resourceVersion: cached.resourceVersion,
                replicas: cached.replicas ?? 1, readyReplicas: ready, selector: cached.selector,
                requests: cached.requests)
        }
        let scale = try await scale(cached, cache.kind, place)
        return TargetSnapshot(
            kind: cache.kind, uid: scale.uid, resourceVersion: scale.resourceVersion, replicas: scale.replicas,
            readyReplicas: scale.uid == cached.uid ? ready : nil, selector: scale.selector,
            requests: scale.uid == cached.uid ? cached.requests : nil)
    }

    private func liveSnapshot(_ cache: KindCache, _ place: TargetPlace) async throws(Blocker) -> TargetSnapshot {
        let object: CachedTarget
        do {
            object = try CachedTarget(try await client.get(cache.kind, place.key, CachedTarget.reader))
        } catch let error as KubernetesError {
            throw Blocker(scaling: place.target, namespace: place.namespace, error)
        } catch {
            throw Blocker(
                .targetUnavailable, "the API server returned a malformed object for \(place.target): \(error)")
        }
        return try await snapshot(object, cache, place)
    }

    /// Returns the scale of an object of a kind whose replicas are only in the scale subresource. Requested once per
    /// version of the object, even if the subresource is invalid for that version.
    private func scale(
        _ cached: CachedTarget, _ kind: ResourceKind, _ place: TargetPlace
    ) async throws(Blocker) -> Scale {
        if let known = state.withLock({ $0.scales[place] }), known.resourceVersion == cached.resourceVersion {
            return try known.answer.get()
        }
        do throws(KubernetesError) {
            let scale = try await client.scale(of: kind, place.key)
            remember(KnownScale(resourceVersion: scale.resourceVersion, answer: .success(scale)), place)
            return scale
        } catch {
            let blocker = Blocker(scaling: place.target, namespace: place.namespace, error, kind)
            if error.scaleFault != nil {
                remember(KnownScale(resourceVersion: cached.resourceVersion, answer: .failure(blocker)), place)
            }
            throw blocker
        }
    }

    private func remember(_ scale: KnownScale, _ place: TargetPlace) {
        state.withLock { state in
            if state.owners.owns(place) { state.scales[place] = scale }
        }
    }

    // MARK: Kinds

    private func resourceKind(of target: TargetReference, namespace: String) async throws(Blocker) -> ResourceKind {
        if let known = KindCache.workloads.first(where: {
            $0.apiVersion == target.apiVersion && $0.kind == target.kind
        }) {
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

    /// Returns the kind's cache, which is started on first use; nil if no scaler has the target.
    private func cache(of kind: ResourceKind, for place: TargetPlace) -> KindCache? {
        let (cache, new, former): (KindCache?, KindCache?, KindCache?) = state.withLock { state in
            guard state.owners.owns(place) else { return (nil, nil, nil) }
            let name = TargetOwners.Kind(place.target)
            let known = state.caches[name]
            if let known, known.kind == kind { return (known, nil, nil) }
            let cache = KindCache(kind, client: client, scope: scope, logger: logger, targetAppeared: targetAppeared)
            state.caches[name] = cache
            // The kind's definition was replaced by one with another plural name.
            return (cache, cache, known)
        }
        former?.end.open()
        if let new { pool.start(until: new.end) { try await new.informer.run() } }
        return cache
    }
}

extension TargetPlace {
    var key: ObjectKey { ObjectKey(namespace: namespace, name: target.name) }
}
