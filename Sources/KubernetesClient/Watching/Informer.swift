package import Logging
import ServiceLifecycle
import Synchronization
import SystemIO
package import WireFormats

/// The namespaces of a watch.
package enum WatchScope: Sendable, Hashable {
    case allNamespaces
    /// One watch for each namespace. Requires permissions in these namespaces only. Not empty.
    case namespaces([String])

    var watched: [String?] {
        switch self {
        case .allNamespaces: [nil]
        case .namespaces(let names): Set(names).sorted()
        }
    }
}

/// Keeps a local copy of all objects of a kind and reports every change.
///
/// Lists, then watches; see ``WatchMachine``. The copy holds only what the decoder keeps, so its size does not grow
/// with unrelated annotations. A malformed object is reported as ``InformerEvent/malformed(_:)`` and does not affect
/// others; an object over the limits is not parsed.
package final class Informer<Object: Sendable>: Service {
    private struct State {
        var store = ObjectStore<Object>()
        var unsyncedScopes: Int
        /// The error of each watch's last list, if it failed.
        var listFailures: [String?: KubernetesError] = [:]
    }

    private let client: KubernetesClient
    private let kind: ResourceKind
    private let scope: WatchScope
    private let selection: Selection
    private let missingFix: String?
    private let reader: ObjectReader
    private let decodeOversized: @Sendable (OversizedObject) throws -> Object
    private let decode: @Sendable (JSON) throws -> Object
    private let handle: @Sendable (InformerEvent<Object>) -> Void
    private let listFailed: @Sendable (KubernetesError) -> Void
    private let logger: Logger
    private let state: Mutex<State>
    /// The relist signal of each watch.
    private let relists: [String?: RelistSignal]
    /// Held while the handler runs, so that changes are delivered one at a time. `state` is not held, so that the
    /// handler may read it.
    private let delivery = Mutex(())

    /// - Parameters:
    ///   - missingFix: the fix to log if the API server has no such resource.
    ///   - reader: the reader of each object.
    ///   - decodeOversized: decodes what is left of an object over the reader's limits; throws if that is not enough.
    ///   - decode: decodes one object; throws if it is malformed.
    ///   - handle: called for each change, one at a time, in order; must return soon and must not block. The store
    ///     already has the change.
    ///   - listFailed: called with the reason why a list failed; the list is retried.
    package init(
        client: KubernetesClient,
        kind: ResourceKind,
        scope: WatchScope,
        selection: Selection = Selection(),
        missingFix: String? = nil,
        reader: ObjectReader = ObjectReader(),
        logger: Logger,
        decodeOversized: @escaping @Sendable (OversizedObject) throws -> Object = { throw $0 },
        decode: @escaping @Sendable (JSON) throws -> Object,
        handle: @escaping @Sendable (InformerEvent<Object>) -> Void,
        listFailed: @escaping @Sendable (KubernetesError) -> Void = { _ in }
    ) {
        self.client = client
        self.kind = kind
        self.scope = scope
        self.selection = selection
        self.missingFix = missingFix
        self.reader = reader
        self.decodeOversized = decodeOversized
        self.decode = decode
        self.handle = handle
        self.listFailed = listFailed
        var logger = logger
        logger[metadataKey: "resource"] = "\(kind.plural)"
        self.logger = logger
        state = Mutex(State(unsyncedScopes: scope.watched.count))
        relists = Dictionary(uniqueKeysWithValues: scope.watched.map { ($0, RelistSignal()) })
    }

    /// Whether all objects of the initial list have been delivered.
    package var hasSynced: Bool { state.withLock { $0.unsyncedScopes == 0 } }

    /// The error of a watch's last list; nil if the last list of every watch succeeded.
    package var listFailure: KubernetesError? { state.withLock { $0.listFailures.values.first } }

    package subscript(key: ObjectKey) -> Object? { state.withLock { $0.store[key] } }

    /// All well-formed objects, in no order.
    package var objects: [Object] { state.withLock { $0.store.objects } }

    /// Lists again, even if the watch seems current, and returns once the list has been delivered, which includes
    /// everything that the API server accepted before the call. Requires ``run()``; a cancelled task stops waiting.
    package func relist() async {
        await withDiscardingTaskGroup { group in
            for signal in relists.values { group.addTask { await signal.request() } }
        }
    }

    /// Runs until cancelled or shut down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for (namespace, signal) in self.relists {
                    group.addTask { await self.follow(namespace, signal) }
                }
            }
        }
    }

    // MARK: The shell of the watch machine

    /// The objects that one watch has listed so far.
    private struct Listing {
        var keys: Set<ObjectKey> = []
        var isFirst = true
    }

    private func follow(_ namespace: String?, _ relist: RelistSignal) async {
        var machine = WatchMachine()
        var listing = Listing()
        var step = machine.start()
        /// The number of the last relist request when the last list began.
        var answered = 0
        while !Task.isCancelled {
            if step.delay > .zero { await pause(step.delay, unless: relist, after: answered) }
            guard !Task.isCancelled else { return }
            if case .watch = step.action, relist.lastRequest > answered { step = machine.start() }
            let outcome: WatchMachine.Outcome
            switch step.action {
            case .list(let token, let limit):
                if token == nil { answered = relist.lastRequest }
                outcome = await list(namespace, token: token, limit: limit, &listing)
                if case .page(_, nil) = outcome { relist.serve(upTo: answered) }
            case .watch(let version, let seconds):
                outcome = await watch(namespace, version, seconds, &machine, until: relist, after: answered)
                // Cancelled on purpose, which is not a failure.
                if relist.lastRequest > answered {
                    step = machine.start()
                    continue
                }
            }
            guard !Task.isCancelled else { return }
            step = machine.next(after: outcome, random: client.random)
            report(outcome, next: step, namespace)
        }
    }

    /// Sleeps for that duration, or until a relist is requested.
    private func pause(_ duration: Duration, unless relist: RelistSignal, after number: Int) async {
        // Awaited here, and cancelled with this task.
        let sleep = Task { try? await client.time.sleep(duration) }
        relist.interrupt(after: number) { sleep.cancel() }
        defer { relist.endInterruption() }
        await withTaskCancellationHandler {
            _ = await sleep.value
        } onCancel: {
            sleep.cancel()
        }
    }

    private func list(
        _ namespace: String?, token: String?, limit: Int?, _ listing: inout Listing
    ) async -> WatchMachine.Outcome {
        if token == nil { listing.keys = [] }
        do throws(KubernetesError) {
            let page = try await client.list(
                kind, in: namespace, selection, limit: limit, continueToken: token, reader: reader
            ) {
                observe($0)
            }
            for observed in page.items.compactMap(\.self) {
                listing.keys.insert(observed.key)
                deliver { $0.store.apply(observed) }
            }
            state.withLock { $0.listFailures[namespace] = nil }
            if page.continueToken == nil { finish(&listing, namespace) }
            return .page(resourceVersion: page.resourceVersion, continueToken: page.continueToken)
        } catch {
            state.withLock { $0.listFailures[namespace] = error }
            listFailed(error)
            return .listFailed(error)
        }
    }

    private func finish(_ listing: inout Listing, _ namespace: String?) {
        let keys = listing.keys
        let isFirst = listing.isFirst
        listing = Listing(isFirst: false)
        deliver { state in
            let events = state.store.removeAll(in: namespace, butKeep: keys)
            state.listFailures[namespace] = nil
            guard isFirst else { return events }
            state.unsyncedScopes -= 1
            return state.unsyncedScopes == 0 ? events + [.synced] : events
        }
    }

    private func watch(
        _ namespace: String?, _ version: String, _ seconds: Int, _ machine: inout WatchMachine,
        until relist: RelistSignal, after number: Int
    ) async -> WatchMachine.Outcome {
        let elapsed = client.time.stopwatch()
        let watchdog = SilenceWatchdog()
        do throws(KubernetesError) {
            let stream = try await client.watch(
                kind, in: namespace, selection, resourceVersion: version, timeoutSeconds: seconds, reader,
                received: watchdog.hear)
            relist.interrupt(after: number) { [cancel = stream.cancel] in cancel() }
            defer { relist.endInterruption() }
            try await read(stream, watchdog, &machine)
            return .watchEnded(lasted: elapsed())
        } catch {
            return .watchFailed(error, lasted: elapsed())
        }
    }

    private func read(
        _ stream: WatchStream, _ watchdog: SilenceWatchdog, _ machine: inout WatchMachine
    ) async throws(KubernetesError) {
        var stream = stream
        let result: Result<Void, KubernetesError> = await withDiscardingTaskGroup { group in
            group.addTask { [time = client.time, cancel = stream.cancel] in
                await watchdog.watch(time, cancel: cancel)
            }
            defer {
                stream.cancel()
                group.cancelAll()
            }
            do throws(KubernetesError) {
                while let event = try await stream.next() { try apply(event, &machine) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func apply(_ event: WatchEvent, _ machine: inout WatchMachine) throws(KubernetesError) {
        switch event {
        case .added(let object), .modified(let object):
            guard let observed = observe(object) else { return }
            deliver { $0.store.apply(observed) }
            machine.advance(to: observed.resourceVersion)
        case .deleted(let object):
            guard let observed = observe(object) else { return }
            deliver { $0.store.remove(observed.key) }
            machine.advance(to: observed.resourceVersion)
        case .bookmark(let version):
            machine.advance(to: version)
        case .error(let error):
            throw error
        }
    }

    private func observe(_ object: ReadObject) -> ObservedObject<Object>? {
        do {
            return try ObservedObject(object, decode: decode, decodeOversized: decodeOversized)
        } catch {
            logger.error("skipping object without a name or version", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func deliver(_ change: (inout State) -> [InformerEvent<Object>]) {
        delivery.withLock { _ in
            let events = state.withLock { change(&$0) }
            for event in events { handle(event) }
        }
    }

    private func report(_ outcome: WatchMachine.Outcome, next step: WatchMachine.Step, _ namespace: String?) {
        switch outcome {
        case .page, .watchEnded:
            return
        case .listFailed(let error) where error.kind == .notFound:
            let fix = "install its CustomResourceDefinition, with the version \(kind.version)"
            logger.error(
                "list failed: the API server has no such resource",
                metadata: details(error, step, namespace).merging(["fix": "\(missingFix ?? fix)"]) { $1 })
        case .listFailed(let error):
            logger.warning("list failed", metadata: details(error, step, namespace))
        case .watchFailed(let error, _) where error.kind == .gone:
            logger.info("watch expired; listing again", metadata: details(error, step, namespace))
        case .watchFailed(let error, let lasted) where error.endsWatchRoutinely(after: lasted):
            logger.info("watch ended early; resuming", metadata: details(error, step, namespace))
        case .watchFailed(let error, _) where error.kind == .notFound:
            // If the list fails in the same way, its own log line contains the fix.
            logger.info("watch failed; listing again", metadata: details(error, step, namespace))
        case .watchFailed(let error, _):
            logger.warning("watch failed", metadata: details(error, step, namespace))
        }
    }

    private func details(
        _ error: KubernetesError, _ step: WatchMachine.Step, _ namespace: String?
    ) -> Logger.Metadata {
        ["error": "\(error)", "retryIn": "\(step.delay)", "namespace": "\(namespace ?? "all")"]
    }
}

extension KubernetesError {
    /// Returns whether a watch ended normally: by a timeout, or because its connection was closed by a proxy or for
    /// silence after some time.
    fileprivate func endsWatchRoutinely(after lasted: Duration) -> Bool {
        switch kind {
        case .timeout: true
        case .unreachable, .cancelled: lasted >= KubernetesLimits.shortestHealthyWatch
        default: false
        }
    }
}
