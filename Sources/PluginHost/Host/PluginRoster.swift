import Synchronization

/// The installed plugins: those found at the start, and those added later.
final class PluginRoster: Sendable {
    struct Member: Sendable {
        let supervisor: PluginSupervisor
        let gate: AddressFilter
    }

    /// Yields every plugin once, when it is added; ends with ``close()``.
    let arrivals: AsyncStream<PluginSupervisor>
    private let arrived: AsyncStream<PluginSupervisor>.Continuation
    private let members = Mutex<(byName: [String: Member], isClosed: Bool)>(([:], false))

    init() {
        (arrivals, arrived) = AsyncStream.makeStream()
    }

    /// - Returns: false if the host is stopping, or has a plugin of that name.
    @discardableResult
    func add(_ member: Member) -> Bool {
        members.withLock { members in
            let name = member.supervisor.program.name
            guard !members.isClosed, members.byName[name] == nil else { return false }
            members.byName[name] = member
            arrived.yield(member.supervisor)
            return true
        }
    }

    /// Prevents further additions.
    func close() {
        members.withLock { $0.isClosed = true }
        arrived.finish()
    }

    subscript(_ name: String) -> Member? { members.withLock { $0.byName[name] } }

    var names: Set<String> { members.withLock { Set($0.byName.keys) } }

    var areAllHealthy: Bool { members.withLock { $0.byName.values.allSatisfy(\.supervisor.isHealthy) } }

    /// By name in alphabetical order.
    var supervisors: [PluginSupervisor] {
        members.withLock { $0.byName.sorted { $0.key < $1.key }.map(\.value.supervisor) }
    }
}
