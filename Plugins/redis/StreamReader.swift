import PluginSDK

/// What a stream's consumer group has still to do.
struct StreamReader<Runner: CommandRunner> {
    let runner: Runner
    let key: String

    func reading(_ measure: Measurement.StreamMeasure) throws(PluginError) -> MetricReading {
        switch measure {
        case .length: MetricReading(Double(try length()))
        case .pending(let group): MetricReading(Double(try self.group(group).pending))
        case .lag(let group): try lag(try self.group(group))
        }
    }

    /// A stream keeps existing when it is empty, so that no stream is no data.
    private func length() throws(PluginError) -> Int64 {
        let length = try runner.count(
            of: try runner.run(RedisCommand("XLEN", key, key: key)), key: key, .stream)
        if length == 0, try runner.run(RedisCommand("EXISTS", key, key: key)).integer == 0 {
            throw missing
        }
        return length
    }

    private func lag(_ group: StreamGroup) throws(PluginError) -> MetricReading {
        if let lag = group.lag {
            return MetricReading(
                Double(lag) + Double(group.pending), detail: "\(lag) not yet delivered, \(group.pending) pending")
        }
        // Redis before 7.0, or a group whose counter was lost, for instance by XDEL.
        let (count, isWhole) = try entries(after: group.lastDelivered)
        let counted = isWhole ? "\(count)" : "at least \(count)"
        return MetricReading(
            Double(count) + Double(group.pending),
            detail: "\(counted) not yet delivered (counted), \(group.pending) pending")
    }

    private func group(_ name: String) throws(PluginError) -> StreamGroup {
        let reply = try runner.run(RedisCommand("XINFO", "GROUPS", key, key: key))
        guard let groups = reply.array else {
            if case .error(let error) = reply, error.message.lowercased().contains("no such key") { throw missing }
            throw try runner.fault(reply, key: key, .stream)
        }
        guard let found = groups.map(\.members).first(where: { $0["name"]?.text == name }) else {
            throw PluginError(
                .noData, "stream \(key) has no consumer group \(name): a consumer has to make it with XGROUP CREATE")
        }
        guard let group = StreamGroup(found) else {
            throw PluginError(
                .sourceUnreachable, "the server says of group \(name) of stream \(key) nothing that can be read")
        }
        return group
    }

    private var missing: PluginError {
        PluginError(.noData, "there is no stream \(key): a producer has to make it")
    }

    /// Counts the entries past an id, page by page, up to a bound.
    private func entries(after id: StreamID) throws(PluginError) -> (count: Int64, isWhole: Bool) {
        var count = 0
        var last = id
        while count < RedisLimits.maxCountedEntries {
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

/// A group as XINFO GROUPS tells of it.
///
/// Source: https://redis.io/docs/latest/commands/xinfo-groups/
struct StreamGroup: Hashable {
    let pending: Int64
    /// Nil where the server does not know it.
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

/// `milliseconds-sequence`, the id of a stream's entry.
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

    /// The least id that is greater; nil past the greatest of all.
    var next: StreamID? {
        if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? StreamID(milliseconds: milliseconds + 1, sequence: 0) : nil
    }

    static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    var description: String { "\(milliseconds)-\(sequence)" }
}
