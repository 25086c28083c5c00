import Glibc
import Testing

@testable import PluginHost

@Suite("The process table")
struct ProcessTableTests {
    @Test("a line of /proc/PID/stat is parsed for every name of the command")
    func stat() {
        let text = "42 (a) Z (b) S 7 40 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 0 0"
        let entry = ProcessEntry(stat: text)
        #expect(entry == ProcessEntry(id: 42, parent: 7, group: 40, session: 41, startTicks: 98_765))
        #expect(ProcessEntry(stat: "42 (a") == nil)
    }

    @Test("the process table contains this process with its parent and environment")
    func own() throws {
        let entry = try #require(ProcessTable.entries().first { $0.id == getpid() })
        #expect(entry.parent == getppid())
        let path = try #require(environment("PATH"))
        #expect(ProcessTable.environment(of: getpid(), contains: "PATH=\(path)"))
        #expect(!ProcessTable.environment(of: getpid(), contains: "PATH="))
    }

    @Test("a plugin's descendants are found by session, group, marker and ancestry, and no other processes are")
    func descendants() {
        let entries = [
            ProcessEntry(id: 1, parent: 0, group: 1, session: 1),
            ProcessEntry(id: 10, parent: 1, group: 10, session: 10),  // the host
            ProcessEntry(id: 20, parent: 10, group: 20, session: 20, isZombie: true),  // the plugin
            ProcessEntry(id: 21, parent: 10, group: 20, session: 20),  // its child
            ProcessEntry(id: 22, parent: 10, group: 22, session: 20, isZombie: true),  // with its own group
            ProcessEntry(id: 23, parent: 10, group: 23, session: 23),  // with its own session
            ProcessEntry(id: 24, parent: 23, group: 24, session: 24),  // the child of that
            ProcessEntry(id: 30, parent: 10, group: 30, session: 30),  // another plugin
            ProcessEntry(id: 31, parent: 30, group: 30, session: 30),
        ]
        let found = ProcessTree(leader: 20, marker: "M=1").find(in: entries) { $0 == 23 }
        #expect(found.map(\.id) == [21, 22, 23, 24])
    }

    @Test("an orphan that has ended is reaped at the second sweep, and a child with a pidfd never")
    func orphans() {
        let zombies = [20, 21, 22].map {
            ProcessEntry(id: $0, parent: 10, group: $0, session: $0, isZombie: true)
        }
        let others = [
            ProcessEntry(id: 23, parent: 11, group: 1, session: 1, isZombie: true),
            ProcessEntry(id: 24, parent: 10, group: 1, session: 1),
        ]
        var reaper = OrphanReaper()
        #expect(reaper.sweep(zombies + others, parent: 10, held: [20]) == [])
        // 21 was a child whose descriptor was opened after the first sweep.
        #expect(reaper.sweep(zombies + others, parent: 10, held: [20, 21]) == [22])
        #expect(reaper.sweep(zombies + others, parent: 10, held: [20, 21]) == [])
    }

    @Test("an ended child without a waiting caller is reaped by two sweeps")
    func child() throws {
        var reaper = OrphanReaper()
        var id: pid_t = 0
        let name = strdup("true")
        defer { free(name) }
        try #require(posix_spawn(&id, "/bin/true", nil, nil, [name, nil], environ) == 0)
        var info = siginfo_t()
        #expect(waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) == 0 || errno == ECHILD)
        reaper.reap()
        reaper.reap()
        #expect(ProcessTable.entry(id) == nil)
    }
}
