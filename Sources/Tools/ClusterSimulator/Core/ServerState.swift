import WireFormats

/// The complete state of the server. A value type: every request is one change, and none waits.
struct ServerState: Sendable {
    let configuration: APIServer.Configuration
    var registry = Registry()
    var store: Store
    var watches = WatchHub()
    var workloads: WorkloadController
    var metrics = MetricsAPIs()
    var faults = FaultRules()
    var log = RequestLog()
    /// The issued tokens of service accounts.
    var tokens: [String: IssuedToken] = [:]
    /// Resources whose definition was deleted, to be removed after their watchers are notified.
    var retired: Set<GroupResource> = []
    /// The time of the current request or step, in microseconds since 1970.
    var now: Int64 = 0

    init(configuration: APIServer.Configuration) {
        self.configuration = configuration
        store = Store(revision: configuration.initialRevision, historyLimit: configuration.historyLimit)
        workloads = WorkloadController(startupDelay: configuration.workloadStartupDelay)
        now = configuration.now()
        for type in BuiltinTypes.all {
            registry.add(type)
            store.register(type.storage)
        }
        seedNamespaces()
        publish()
    }

    /// The time in the format of object metadata.
    var timestamp: String { RFC3339.text(microseconds: now, precision: .seconds) }

    /// Notifies watchers and controllers of every change, and of the changes that the controllers make.
    mutating func publish() {
        while case let events = store.takeUnpublished(), !events.isEmpty {
            for event in events {
                watches.dispatch(event)
                react(to: event)
            }
        }
        if retired.isEmpty { return }
        watches.end(.complete) { retired.contains($0) }
        for resource in retired { store.unregister(resource) }
        retired = []
    }

    /// Runs what is due: workloads become ready, bookmarks are sent, watches time out.
    mutating func advance() {
        for reference in workloads.due(by: now) { updateWorkload(reference) }
        publish()
        watches.advance(to: now, revision: store.revision)
    }

    var nextDeadline: Int64? {
        [watches.nextDeadline, workloads.nextDeadline].compactMap(\.self).min()
    }

    private mutating func seedNamespaces() {
        for name in BuiltinTypes.namespaces {
            let metadata: JSON = [
                "name": .string(name), "uid": .string(configuration.makeUID()), "creationTimestamp": .string(timestamp),
                "labels": ["kubernetes.io/metadata.name": .string(name)],
            ]
            store.put(
                GroupResource(group: "", resource: "namespaces"), ObjectKey(namespace: "", name: name),
                ["metadata": metadata, "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]])
        }
    }
}
