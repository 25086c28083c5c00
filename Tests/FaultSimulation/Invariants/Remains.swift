/// What is left of an operator that has ended: nothing, if all is well.
final class Remains {
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

    /// Waits, calls and watches that are still on.
    var unfinished: String? {
        if let count = clock?.sleeperCount, count > 0 { return "\(count) waits on its clock" }
        if let count = network?.openCallCount, count > 0 { return "\(count) requests" }
        if let count = network?.openPipes.count, count > 0 { return "\(count) watches" }
        if let count = source?.openCallCount, count > 0 { return "\(count) readings" }
        return nil
    }

    /// Whether something still holds on to what only the operator had: a task that never ends, or a circle of references.
    var isHeld: Bool { clock != nil || network != nil || source != nil }
}
