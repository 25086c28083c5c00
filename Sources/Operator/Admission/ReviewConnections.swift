import NIOCore

/// The connections of the admission webhook: no more than a limit, with a rule for who has to go. Used on one event
/// loop.
struct ReviewConnections {
    typealias ID = Int
    /// Ends a connection at once. Never called while the table changes: the connection may call it back.
    typealias Close = () -> Void

    private struct Entry {
        let id: ID
        let close: Close
        var hasWholeRequest = false
    }

    private let limit: Int
    private var lastID = 0
    /// The oldest first.
    private var entries: [Entry] = []

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { entries.count }

    /// Takes a new connection in. At the limit it displaces the oldest without a whole request.
    ///
    /// - Returns: no ID if every other connection waits for its answer: then the new one has to go. And what ends the
    ///   connection that was displaced.
    mutating func add(close: @escaping Close) -> (id: ID?, displaced: Close?) {
        var displaced: Close?
        if entries.count >= limit {
            guard let index = entries.firstIndex(where: { !$0.hasWholeRequest }) else { return (nil, nil) }
            displaced = entries.remove(at: index).close
        }
        lastID += 1
        entries.append(Entry(id: lastID, close: close))
        return (lastID, displaced)
    }

    /// Whether a whole request has come and its answer has not gone out.
    mutating func set(_ id: ID, hasWholeRequest: Bool) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        entries[index].hasWholeRequest = hasWholeRequest
    }

    mutating func remove(_ id: ID) { entries.removeAll { $0.id == id } }

    /// Takes every connection without a whole request out.
    ///
    /// - Returns: what ends them.
    mutating func removeIdle() -> [Close] {
        let idle = entries.filter { !$0.hasWholeRequest }.map(\.close)
        entries.removeAll { !$0.hasWholeRequest }
        return idle
    }
}
