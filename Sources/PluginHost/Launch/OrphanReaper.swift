import CLinux
import Glibc
import SystemIO

/// Reaps ended orphans, which become children of a child subreaper (or process 1), without reaping children of
/// swift-subprocess.
///
/// swift-subprocess holds a pidfd of each of its children until it has reaped it. A zombie without a pidfd in two
/// consecutive sweeps is therefore an orphan; one sweep is not enough, because the pidfd is opened just after the start
/// of the child.
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

    /// Sweeps repeatedly until the task is cancelled.
    @concurrent
    static func run(time: TimeSource) async {
        var reaper = OrphanReaper()
        while (try? await time.sleep(PluginHostLimits.orphanSweepInterval)) != nil {
            reaper.reap()
        }
    }

    /// Reaps what two consecutive sweeps have found.
    mutating func reap() {
        guard Self.hasZombie() else {
            suspects = []
            return
        }
        // The held processes are read last: a child that ended in between is then not among the entries.
        let entries = ProcessTable.entries()
        for orphan in sweep(entries, parent: getpid(), held: ProcessTable.heldProcesses()) {
            waitpid(orphan, nil, WNOHANG)
        }
    }

    /// Returns whether a child has ended and is not reaped: one call instead of a file per process of the system.
    private static func hasZombie() -> Bool {
        var child = siginfo_t()
        guard waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 else { return errno != ECHILD }
        return child._sifields._sigchld.si_pid != 0
    }
}
