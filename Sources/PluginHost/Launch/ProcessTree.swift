import CLinux
import Glibc

/// The direct and indirect child processes of a plugin, which must not outlive it.
struct ProcessTree: Sendable {
    /// The plugin's process, the leader of its session and group. It has exited but is not reaped, so that its id is
    /// not reused.
    let leader: Int32
    /// `NAME=value` in the environment of this launch only. Identifies the plugin of an orphan that left the session.
    let marker: String

    /// Kills and reaps all processes.
    ///
    /// Waits at most ``PluginHostLimits/killGrace`` for their exit, which usually takes a millisecond.
    @concurrent
    func kill() async {
        Glibc.kill(-leader, SIGKILL)
        for _ in 0..<PluginHostLimits.maxKillRounds {
            let victims = find(in: ProcessTable.entries()) {
                ProcessTable.environment(of: $0, contains: marker)
            }
            guard !victims.isEmpty else { return }
            killAndReap(victims)
        }
    }

    /// Returns the plugin's processes: by session, group or marker, and their descendants.
    func find(in entries: [ProcessEntry], isMarked: (Int32) -> Bool) -> [ProcessEntry] {
        var found: Set<Int32> = [leader]
        for entry in entries
        where entry.session == leader || entry.group == leader || !entry.isZombie && isMarked(entry.id) {
            found.insert(entry.id)
        }
        var before = 0
        while found.count > before {
            before = found.count
            for entry in entries where found.contains(entry.parent) { found.insert(entry.id) }
        }
        return entries.filter { found.contains($0.id) && $0.id != leader }
    }

    private func killAndReap(_ victims: [ProcessEntry]) {
        var descriptors: [pollfd] = []
        for victim in victims {
            let descriptor = clinux_pidfd_open(victim.id)
            guard descriptor >= 0 else { continue }
            // The id could have been reused before the descriptor was opened.
            if ProcessTable.entry(victim.id)?.startTicks == victim.startTicks {
                _ = clinux_pidfd_send_signal(descriptor, SIGKILL)
                descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            } else {
                close(descriptor)
            }
        }
        let deadline = ContinuousClock.now + PluginHostLimits.killGrace
        for index in descriptors.indices {
            let left = max(0, (deadline - .now) / .milliseconds(1))
            _ = poll(&descriptors[index], 1, Int32(left))
            close(descriptors[index].fd)
        }
        // All have exited, so those whose parents were among them are now children of this process.
        for victim in victims { waitpid(victim.id, nil, WNOHANG) }
    }
}
