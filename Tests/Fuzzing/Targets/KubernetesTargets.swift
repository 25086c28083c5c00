import WireFormats

@testable import HTTPTransport
@testable import KubernetesClient

extension FuzzTarget {
    /// A list response, and an informer's handling of its objects.
    static let listPage = FuzzTarget("list-page") { (input) throws(FuzzFinding) in
        let whole = try? list([input]) { try? ObjectReader().read($0) }
        for object in whole?.items.compactMap(\.self) ?? [] { _ = observed(object) }
        let pieces = try? list(Chunks.of(input).map { Array($0) }) { try? ObjectReader().read($0) }
        try require(
            whole?.items == pieces?.items && whole?.metadata == pieces?.metadata, "in pieces it is another list")
        // Written by this package, the list has no repeated or escaped names, so that both readers agree.
        guard let json = try? JSON(parsing: input), let items = json["items"]?.arrayValue,
            let read = try? list([json.encoded()], item: { try? JSON(parsing: $0) })
        else { return }
        try require(read.items == items, "the items are not those of the list")
        try require(read.metadata == json["metadata"] ?? .null, "the metadata is not that of the list")
        for fields in [ObjectFields.all, .identity, ObjectFields(["spec": ["replicas"]])] {
            for item in items {
                guard case .whole(let kept) = try? ObjectReader(fields).read(item.encoded()[...]) else { continue }
                try require(
                    kept["metadata"]?["name"] == item["metadata"]?["name"]
                        || item["metadata"]?.objectValue == nil, "the name is lost")
            }
        }
    }

    private static func list<Item>(
        _ chunks: [[UInt8]], item: (ArraySlice<UInt8>) -> Item
    ) throws -> (items: [Item], metadata: JSON) {
        var reader = ListReader()
        var items: [Item] = []
        for chunk in chunks { try reader.append(chunk) { items.append(item($0)) } }
        return (items, try reader.finish())
    }

    private static func observed(_ object: ReadObject) -> ObservedObject<Lease>? {
        try? ObservedObject(object, decode: { json in try Lease(json) })
    }

    /// The lines of a watch, and the handling by an informer and its state machine.
    static let watchFrames = FuzzTarget("watch-frames") { (input) throws(FuzzFinding) in
        let whole = try watch([input[...]])
        try require(try watch(Chunks.of(input)) == whole, "in pieces it is another watch")
    }

    private static func watch(_ chunks: [ArraySlice<UInt8>]) throws(FuzzFinding) -> [WatchEvent] {
        var lines = LineSplitter(maxBytes: FuzzLimits.inputBytes / 2)
        var machine = WatchMachine()
        _ = machine.next(after: .page(resourceVersion: "1", continueToken: nil)) { 0 }
        var store = ObjectStore<Lease>()
        var events: [WatchEvent] = []
        for chunk in chunks {
            lines.append(Array(chunk))
            do {
                while let piece = lines.next() {
                    guard case .complete(let line) = piece else { return events }
                    let event = try WatchEvent(line: line, ObjectReader())
                    events.append(event)
                    try apply(event, to: &store, &machine)
                }
            } catch let finding as FuzzFinding {
                throw finding
            } catch {
                // The watch ends.
                return events
            }
        }
        return events
    }

    private static func apply(
        _ event: WatchEvent, to store: inout ObjectStore<Lease>, _ machine: inout WatchMachine
    ) throws(FuzzFinding) {
        switch event {
        case .added(let json), .modified(let json):
            guard let observed = observed(json) else { return }
            _ = store.apply(observed)
            machine.advance(to: observed.resourceVersion)
        case .deleted(let json):
            guard let observed = observed(json) else { return }
            _ = store.remove(observed.key)
            machine.advance(to: observed.resourceVersion)
        case .bookmark(let version): machine.advance(to: version)
        case .error(let error):
            try check(error)
            let step = machine.next(after: .watchFailed(error, lasted: .zero)) { 0 }
            try require(step.delay <= longestDelay, "the watch is resumed after \(step.delay)")
        }
    }

    /// The maximum delay: a Retry-After of any length, possibly changed by a proxy.
    private static let longestDelay = Duration.seconds(600)

    private static func check(_ error: KubernetesError) throws(FuzzFinding) {
        try requireShort(error.description, "the error")
        var policy = RetryPolicy(isRead: true, canRenewCredential: true)
        guard case .wait(let delay) = policy.answer(to: error, random: 0) else { return }
        try require(delay <= longestDelay, "the call is tried again after \(delay)")
    }

    /// An error response: the input starts with its status and Retry-After.
    static let apiErrors = FuzzTarget("api-errors") { (input) throws(FuzzFinding) in
        let statuses = [400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504, 302]
        let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let status = statuses[Int(input.first ?? 0) % statuses.count]
        let retryAfter = HTTPHeader("Retry-After", String(decoding: lines[0].dropFirst(), as: UTF8.self))
        let body = Array(lines.dropFirst().joined())
        try check(KubernetesError(head: HTTPResponseHead(status: status, headers: [retryAfter]), body: body))
    }

    /// Single objects.
    static let apiObjects = FuzzTarget("api-objects") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input) else { return }
        _ = try? Scale(json)
        _ = KubernetesClient.resources(in: json, group: "apps", version: "v1")
        if let lease = try? Lease(json) {
            // Names in the object are preserved, and times to the microsecond.
            let again = try? Lease(lease.json)
            try require(
                again?.key == lease.key && again?.renewed == lease.renewed && again?.holder == lease.holder,
                "the lease is written as \(lease.json)")
        }
        let plugin = ExecPlugin(apiVersion: ExecPlugin.apiVersions[0], command: "aws", environment: [:])
        _ = try? plugin.read(input)
    }

    static let kubeconfig = FuzzTarget("kubeconfig") { (input) throws(FuzzFinding) in
        let path = "/home/fuzz/.kube/config"
        let files = FileReader { asked throws(FileReader.Failure) in
            guard asked == path else { throw FileReader.Failure(path: asked, message: "no such file", isMissing: true) }
            return input
        }
        for context in [nil, "fuzz"] {
            do throws(ConfigurationError) {
                _ = try ClusterConfiguration.kubeconfig(path: path, context: context, environment: [:], files: files)
            } catch {
                _ = error.description
            }
        }
    }
}
