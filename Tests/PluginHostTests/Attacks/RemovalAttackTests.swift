import CLinux
import Glibc
import PluginProtocol
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// Attempts to make the operator remove files that do not belong to the plugin, or keep those that do. Needs no kernel
/// features.
@Suite("A hostile plugin's temporary directory", .timeLimit(.minutes(5)))
struct RemovalAttackTests {
    @Test("removing a directory follows no kind of link in it")
    func links() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.makeDirectory("victim")
        try directory.write("keep", to: "victim/file")
        try directory.makeDirectory("doomed")
        try directory.makeDirectory("doomed/a")
        #expect(symlink("\(directory.path)/victim", "\(directory.path)/doomed/a/link") == 0)
        #expect(symlink("../../victim/file", "\(directory.path)/doomed/a/file") == 0)
        #expect(symlink("nowhere", "\(directory.path)/doomed/broken") == 0)
        #expect(mkfifo("\(directory.path)/doomed/fifo", 0o600) == 0)
        #expect(RemovedTree.remove("\(directory.path)/doomed") == nil)
        #expect(TemporaryDirectory.entries(of: directory.path) == ["victim"])
        #expect(TemporaryDirectory.entries(of: "\(directory.path)/victim") == ["file"])
        // Also if the directory itself has become a link.
        #expect(symlink("victim", "\(directory.path)/doomed") == 0)
        #expect(RemovedTree.remove("\(directory.path)/doomed") == nil)
        #expect(TemporaryDirectory.entries(of: "\(directory.path)/victim") == ["file"])
        #expect(RemovedTree.remove("\(directory.path)/missing") == nil)
        #expect(RemovedTree.remove("\(directory.path)/missing/too") == nil)
    }

    @Test("a directory that is swapped for a link during its removal exposes no other directory")
    func swaps() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.makeDirectory("victim")
        for number in 0..<200 { try directory.write("keep", to: "victim/\(number)") }
        let isOver = Mutex(false)
        let path = directory.path
        let swapper = Task.detached {
            // Alternates between a directory and a link to the victim with the same name.
            while !isOver.withLock({ $0 }) {
                mkdir("\(path)/doomed/a", 0o700)
                for number in 0..<4 { close(open("\(path)/doomed/a/\(number)", O_CREAT | O_WRONLY, 0o600)) }
                symlink("\(path)/victim", "\(path)/doomed/l")
                rename("\(path)/doomed/a", "\(path)/doomed/b")
                rename("\(path)/doomed/l", "\(path)/doomed/a")
                unlink("\(path)/doomed/a")
                await Task.yield()
            }
        }
        for _ in 0..<300 {
            mkdir("\(path)/doomed", 0o700)
            _ = RemovedTree.remove("\(path)/doomed")
        }
        isOver.withLock { $0 = true }
        await swapper.value
        #expect(TemporaryDirectory.entries(of: "\(path)/victim").count == 200)
    }

    @Test("a directory with thousands of levels is removed with few descriptors")
    func deep() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.makeDirectory("doomed")
        var current = open("\(directory.path)/doomed", O_RDONLY | O_DIRECTORY)
        for level in 0..<3_000 {
            #expect(mkdirat(current, "d", 0o700) == 0)
            if level % 100 == 0 { close(openat(current, "f", O_CREAT | O_WRONLY, 0o600)) }
            let next = openat(current, "d", O_RDONLY | O_DIRECTORY)
            close(current)
            current = next
        }
        close(current)
        #expect(RemovedTree.remove("\(directory.path)/doomed") == nil)
        #expect(TemporaryDirectory.entries(of: directory.path).isEmpty)
    }

    @Test("directories without any rights are removed, also by an operator that is not root")
    func rights() async throws {
        let script = PluginScript(
            types: ["p"],
            body: """
                    if m["method"] == "get_metric_value":
                        os.umask(0)
                        for mode in (0, 0o100, 0o400, 0o500):
                            os.mkdir("d%o" % mode, 0o700)
                            os.makedirs("d%o/a/b" % mode)
                            os.mkdir("d%o/c" % mode, mode)
                        ok(m, reading(1))
                """)
        try await HostFixture.run(["p": script]) { fixture async throws in
            let reading = try await fixture.host.read(
                type: "p", config: [:], targetType: .value, timeout: .seconds(60))
            #expect(reading.value == 1)
        }
    }

    @Test("the temporary directories of a host are removed at the next start unless that host still runs")
    func leftOver() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let living = WorkspaceRoot(parent: directory.path)
        let path = try living.path()
        #expect(try living.path() == path)
        let name = ProgramFile.name(of: path)
        // Like the leftover of a killed host: the lock file exists and is not locked.
        let left = "generalscaler-plugins-left00"
        try directory.makeDirectory(left)
        try directory.makeDirectory("\(left)/p-1")
        try directory.write("", to: "\(left)/lock")
        try directory.write("data", to: "\(left)/p-1/f")
        // Not leftovers of a host: one without a lock file is being created, links are not followed, other names belong
        // to others.
        try directory.makeDirectory("generalscaler-plugins-young0")
        try directory.makeDirectory("victim")
        try directory.write("", to: "victim/lock")
        #expect(symlink("victim", "\(directory.path)/generalscaler-plugins-link00") == 0)
        let found = WorkspaceRoot.removeLeftOver(in: directory.path)
        #expect(found.removed == 1)
        #expect(found.problems.isEmpty)
        let entries = Set(TemporaryDirectory.entries(of: directory.path))
        #expect(entries == [name, "generalscaler-plugins-young0", "victim", "generalscaler-plugins-link00"])
        #expect(TemporaryDirectory.entries(of: "\(directory.path)/victim") == ["lock"])
        #expect(living.remove() == nil)
        #expect(!TemporaryDirectory.entries(of: directory.path).contains(name))
    }

    @Test("a root of workspaces that belongs to another user is not removed", .needs(.root))
    func leftOverOfOthers() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let left = "generalscaler-plugins-other0"
        try directory.makeDirectory(left)
        try directory.write("", to: "\(left)/lock")
        #expect(chown("\(directory.path)/\(left)", 12_345, 12_345) == 0)
        #expect(WorkspaceRoot.removeLeftOver(in: directory.path).removed == 0)
        #expect(TemporaryDirectory.entries(of: "\(directory.path)/\(left)") == ["lock"])
    }

    @Test("a root of temporary directories that was removed is created again")
    func removedRoot() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let root = WorkspaceRoot(parent: directory.path)
        let first = try root.path()
        #expect(RemovedTree.remove(first) == nil)
        let second = try root.path()
        #expect(second != first)
        #expect(TemporaryDirectory.entries(of: second) == ["lock"])
    }
}
