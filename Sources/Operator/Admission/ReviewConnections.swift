import NIOCore

/// The open connections of the admission webhook, with a limit and a rule for which one to close. Used on one event
/// loop.
struct ReviewConnections {
    typealias ID = Int
    /// Closes a connection synchronously. Never called during a change of the table, because the connection may call
    /// the table.
    typealias Close = () -> Void

    private struct Entry {
        let id: ID
        let close: Close
        var hasWholeRequest = false
    }

    private let limit: Int
    private var lastID = 0
    /// The connections, oldest first.
    private var entries: [Entry] = []

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { entries.count }

    /// Adds a connection. At the limit, it displaces the oldest without a complete request.
    ///
    /// - Returns: the ID, or nil if every other connection waits for its response, so that the new one has to be
    ///   closed; and the function that closes the displaced connection.
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

    /// Sets whether the connection has a complete request whose response has not been sent.
    mutating func set(_ id: ID, hasWholeRequest: Bool) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        entries[index].hasWholeRequest = hasWholeRequest
    }

    mutating func remove(_ id: ID) { entries.removeAll { $0.id == id } }

    /// Removes all connections without a complete request.
    ///
    /// - Returns: the functions that close them.
    mutating func removeIdle() -> [Close] {
        let idle = entries.filter { !$0.hasWholeRequest }.map(\.close)
        entries.removeAll { !$0.hasWholeRequest }
        return idle
    }
}
