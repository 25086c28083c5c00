/// The leftovers of an operator that has ended: none, if it ended properly.
final class Leftovers {
    let name: String
    private weak var clock: SimulatedClock?
    private weak var network: SimulatedNetwork?
    private weak var source: SimulatedSource?

    init(_ replica: Replica) {
        name = replica.name
        clock = replica.clock
        network = replica.network
        source = replica.source
    }

    /// Unfinished waits, calls and watches, for a message.
    var unfinished: String? {
        if let count = clock?.sleeperCount, count > 0 { return "\(count) waits on its clock" }
        if let count = network?.openCallCount, count > 0 { return "\(count) requests" }
        if let count = network?.openPipes.count, count > 0 { return "\(count) watches" }
        if let count = source?.openCallCount, count > 0 { return "\(count) readings" }
        return nil
    }

    /// Whether something still retains the operator's objects: a task that never ends, or a reference cycle.
    var isHeld: Bool { clock != nil || network != nil || source != nil }
}
