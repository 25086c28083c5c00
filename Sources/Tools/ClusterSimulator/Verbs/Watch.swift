import WireFormats

/// The options of a watch request.
struct WatchOptions {
    let selection: Selection
    /// Whether the current state is sent first, as ADDED events.
    let startsWithState: Bool
    /// Whether a bookmark follows that state.
    let sendsInitialEnd: Bool
    /// The revision after which events are sent, if the state is not.
    let revision: UInt64
    let allowsBookmarks: Bool
    let seconds: Int

    init(_ call: Call, _ selection: Selection) throws(StatusError) {
        let request = call.request
        self.selection = selection
        allowsBookmarks = request.flag("allowWatchBookmarks")
        let wanted = request.parameter("timeoutSeconds").flatMap(Int.init) ?? 0
        seconds = wanted > 0 ? wanted : Limits.watchSeconds
        revision = try request.parameter("resourceVersion").map(UInt64.resourceVersion) ?? 0
        let match = request.parameter("resourceVersionMatch")
        if let initial = request.parameter("sendInitialEvents") {
            guard match == "NotOlderThan" else {
                throw .invalidListOptions(
                    .forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
            }
            startsWithState = initial != "false"
            sendsInitialEnd = startsWithState && allowsBookmarks
        } else {
            guard match == nil else {
                throw .invalidListOptions(
                    .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch"))
            }
            startsWithState = revision == 0
            sendsInitialEnd = false
        }
    }
}

/// A watch: its selection, representation, bookmarks and end.
struct Watch: Sendable {
    let selection: Selection
    let deadline: Int64
    private(set) var nextBookmark: Int64?
    var resource: GroupResource { type.storage }
    private let type: ResourceType
    private let presentation: Presentation
    private let tableOptions: Table.Options
    private var hasSentColumns = false
    private let now: Int64

    init(_ call: Call, _ options: WatchOptions, now: Int64) {
        selection = options.selection
        type = call.type
        presentation = call.presentation
        tableOptions = .init(call.request)
        self.now = now
        let duration = Int64(max(options.seconds, 0)) * 1_000_000
        deadline = now + duration
        // The real server sends a bookmark every minute and two near the end. A watch of less than 4 s ends before
        // that.
        if options.allowsBookmarks, options.seconds >= 4 {
            nextBookmark = min(now + Int64(Limits.bookmarkSeconds) * 1_000_000, deadline - 2_000_000)
        }
    }

    mutating func bookmarkSent(at time: Int64) {
        let next = min(time + Int64(Limits.bookmarkSeconds) * 1_000_000, max(deadline - 2_000_000, time + 1_000_000))
        nextBookmark = next < deadline ? next : nil
    }

    /// Returns the event for this watch; nil if it does not select the object.
    mutating func frame(_ event: StoreEvent) -> [UInt8]? {
        let wasSelected = event.previous.map(selection.matches) ?? false
        let isSelected = !event.isDeletion && selection.matches(event.object)
        switch (wasSelected, isSelected) {
        case (false, false): return nil
        case (false, true): return frame("ADDED", event.object)
        case (true, true): return frame("MODIFIED", event.object)
        case (true, false):
            guard !event.isDeletion, let previous = event.previous else { return frame("DELETED", event.object) }
            // The object no longer matches: the watch receives its last matching state, with the revision of the
            // change.
            var last = previous.json
            last.set(.string(String(event.revision)), at: "metadata", "resourceVersion")
            return frame("DELETED", ObjectVersion(key: previous.key, revision: event.revision, json: last))
        }
    }

    mutating func frame(_ name: String, _ object: ObjectVersion) -> [UInt8] {
        switch presentation {
        case .whole:
            return Self.frame(name, type.present(object))
        case .partialMetadata:
            return Self.frame(name, PartialMetadata.item(object))
        case .table:
            defer { hasSentColumns = true }
            return Self.frame(
                name,
                Table.encoded(
                    [object], type, options: tableOptions, now: now, metadata: [:], showsColumns: !hasSentColumns))
        }
    }

    func bookmark(_ revision: UInt64, isInitialEnd: Bool = false) -> [UInt8] {
        var object: JSON = ["metadata": ["resourceVersion": .string(String(revision))]]
        if isInitialEnd { object.set("true", at: "metadata", "annotations", "k8s.io/initial-events-end") }
        return Self.frame("BOOKMARK", type.typed(object).encoded())
    }

    static func frame(_ name: String, _ object: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(object.count + 40)
        frame.append(contentsOf: "{\"type\":\"\(name)\",\"object\":".utf8)
        frame.append(contentsOf: object)
        frame.append(contentsOf: "}\n".utf8)
        return frame
    }
}
