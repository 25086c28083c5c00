import CLinux
import Glibc

/// Reaps ended orphans, which a child subreaper (or process 1) is given as children, without ever taking a child of
/// swift-subprocess away from it.
///
/// swift-subprocess holds a pidfd of each of its children until it has reaped it. A zombie seen in two sweeps without
/// a pidfd in this process is therefore an orphan; one sweep is not enough, since the pidfd is opened just after the
/// child begins.
struct OrphanReaper {
    private var suspects: Set<Int32> = []

    /// Returns the zombies to reap now.
    mutating func sweep(_ entries: [ProcessEntry], parent: Int32, held: Set<Int32>) -> [Int32] {
        let candidates = Set(
            entries.filter { $0.isZombie && $0.parent == parent && !held.contains($0.id) }.map(\.id))
        let orphans = candidates.intersection(suspects)
        suspects = candidates.subtracting(orphans)
        return orphans.sorted()
    }

    /// Sweeps again and again, until the task is cancelled.
    @concurrent
    static func run(clock: HostClock) async {
        var reaper = OrphanReaper()
        while (try? await clock.sleep(clock.now() + PluginHostLimits.orphanSweepInterval)) != nil {
            // The held ones last: a child that ended meanwhile is then not among the entries.
            let entries = ProcessTable.entries()
            for orphan in reaper.sweep(entries, parent: getpid(), held: ProcessTable.heldProcesses()) {
                waitpid(orphan, nil, WNOHANG)
            }
        }
    }
}
