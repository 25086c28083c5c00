import PluginSDK

/// The unprocessed entries of a stream's consumer group.
struct StreamReader<Runner: CommandRunner> {
    let runner: Runner
    let key: String

    func reading(_ measure: Measurement.StreamMeasure) throws(PluginError) -> MetricReading {
        switch measure {
        case .length: MetricReading(Double(try length()))
        case .pending(let group):
            MetricReading(Double(try self.group(group, in: try runner.run(groupsCommand)).pending))
        case .lag(let group): try lag(group)
        }
    }

    /// Returns the length. An empty stream still exists, so that a missing stream is no data.
    private func length() throws(PluginError) -> Int64 {
        let length = try runner.count(
            of: try runner.run(RedisCommand("XLEN", key, key: key)), key: key, .stream)
        if length == 0, try runner.run(RedisCommand("EXISTS", key, key: key)).integer == 0 {
            throw missing
        }
        return length
    }

    private func lag(_ name: String) throws(PluginError) -> MetricReading {
        // Sent together, so that both describe nearly the same moment.
        let replies = try runner.run([groupsCommand, RedisCommand("XINFO", "STREAM", key, key: key)])
        let group = try group(name, in: replies[0])
        let undelivered = try undelivered(group, StreamState(replies[1].members))
        let counted = undelivered.isCounted ? " (counted)" : ""
        return MetricReading(
            Double(undelivered.count) + Double(group.pending),
            detail: "\(undelivered.isAtLeast ? "at least " : "")\(undelivered.count) not yet delivered\(counted), "
                + "\(group.pending) pending")
    }

    private struct Undelivered {
        let count: Int64
        var isCounted = false
        var isAtLeast = false
    }

    /// Returns the number of entries that have not been delivered to the group.
    ///
    /// The server computes a group's `lag` as the entries ever added minus those ever delivered. Entries that were
    /// trimmed before delivery remain counted forever, so `lag` is only used if it is consistent with the stream.
    private func undelivered(_ group: StreamGroup, _ stream: StreamState?) throws(PluginError) -> Undelivered {
        if let stream {
            if let count = stream.entries(after: group.lastDelivered) { return Undelivered(count: count) }
            if let lag = group.lag, stream.hasLostNothing, lag >= 1, lag < stream.length {
                return Undelivered(count: lag)
            }
        }
        guard let lag = group.lag else {
            // Redis before 7.0, or a group whose counter was lost, for example by XDEL.
            let (count, isWhole) = try entries(after: group.lastDelivered, limit: RedisLimits.maxCountedEntries)
            return Undelivered(count: count, isCounted: true, isAtLeast: !isWhole)
        }
        let count: Int64
        do throws(PluginError) {
            let counted = try entries(after: group.lastDelivered, limit: RedisLimits.maxVerifiedEntries)
            if counted.isWhole { return Undelivered(count: counted.count, isCounted: true) }
            count = counted.count
        } catch {
            // If the user may not read the entries, or they are too large, the server's count is used.
            guard [.authFailed, .configInvalid].contains(error.kind) else { throw error }
            count = 0
        }
        // At least one of the stream's entries was delivered.
        return Undelivered(count: max(count, min(lag, stream.map { $0.length - 1 } ?? lag)))
    }

    private var groupsCommand: RedisCommand { RedisCommand("XINFO", "GROUPS", key, key: key) }

    private func group(_ name: String, in reply: RedisReply) throws(PluginError) -> StreamGroup {
        guard let groups = reply.array else {
            if case .error(let error) = reply, error.message.lowercased().contains("no such key") { throw missing }
            throw try runner.fault(reply, key: key, .stream)
        }
        guard let found = groups.map(\.members).first(where: { $0["name"]?.text == name }) else {
            throw PluginError(
                .noData, "stream \(key) has no consumer group \(name): a consumer has to create it with XGROUP CREATE")
        }
        guard let group = StreamGroup(found) else {
            throw PluginError(
                .sourceUnreachable, "the server's reply about group \(name) of stream \(key) cannot be read")
        }
        return group
    }

    private var missing: PluginError {
        PluginError(.noData, "there is no stream \(key): a producer has to create it")
    }

    /// Counts the entries after an id, page by page, up to a limit.
    private func entries(
        after id: StreamID, limit: Int
    ) throws(PluginError) -> (count: Int64, isWhole: Bool) {
        var count = 0
        var last = id
        while count < limit {
            guard let start = last.next else { return (Int64(count), true) }
            let reply = try runner.run(
                RedisCommand(
                    "XRANGE", key, start.description, "+", "COUNT", "\(RedisLimits.streamPageEntries)", key: key))
            guard let page = reply.array else { throw try runner.fault(reply, key: key, .stream) }
            count += page.count
            guard page.count >= RedisLimits.streamPageEntries,
                let next = page.last?.array?.first?.text.flatMap(StreamID.init), next > last
            else { return (Int64(count), true) }
            last = next
        }
        return (Int64(count), false)
    }
}

/// A group in the reply to XINFO GROUPS.
///
/// Source: https://redis.io/docs/latest/commands/xinfo-groups/
struct StreamGroup: Hashable {
    let pending: Int64
    /// The lag; nil if the server does not know it.
    let lag: Int64?
    let lastDelivered: StreamID

    init?(_ members: [String: RedisReply]) {
        guard let pending = members["pending"]?.integer, pending >= 0,
            let last = members["last-delivered-id"]?.text.flatMap(StreamID.init)
        else { return nil }
        self.pending = pending
        lag = members["lag"]?.integer.flatMap { $0 >= 0 ? $0 : nil }
        lastDelivered = last
    }
}

/// A stream in the reply to XINFO STREAM.
///
/// Source: https://redis.io/docs/latest/commands/xinfo-stream/
struct StreamState: Hashable {
    let length: Int64
    /// The ids of the oldest and the newest existing entry; nil if there is none.
    let first: StreamID?
    let last: StreamID?
    /// The number of entries ever added; nil before Redis 7.0.
    let entriesAdded: Int64?

    /// Reads a stream's members; nil if they are malformed.
    init?(_ members: [String: RedisReply]) {
        guard let length = members["length"]?.integer, length >= 0 else { return nil }
        self.length = length
        first = Self.id(members["first-entry"])
        last = Self.id(members["last-entry"])
        entriesAdded = members["entries-added"]?.integer
        guard length == 0 || first != nil && last != nil else { return nil }
    }

    private static func id(_ entry: RedisReply?) -> StreamID? { entry?.array?.first?.text.flatMap(StreamID.init) }

    /// Whether every entry that was ever added still exists.
    var hasLostNothing: Bool { entriesAdded == length }

    /// Returns the number of entries after an id if that can be determined; otherwise nil.
    func entries(after id: StreamID) -> Int64? {
        guard let first, let last, last > id else { return 0 }
        return first > id ? length : nil
    }
}

/// The id of a stream's entry, `milliseconds-sequence`.
struct StreamID: Hashable, Comparable, CustomStringConvertible {
    let milliseconds: UInt64
    let sequence: UInt64

    init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// The next id; nil after the greatest one.
    var next: StreamID? {
        if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? StreamID(milliseconds: milliseconds + 1, sequence: 0) : nil
    }

    static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    var description: String { "\(milliseconds)-\(sequence)" }
}
