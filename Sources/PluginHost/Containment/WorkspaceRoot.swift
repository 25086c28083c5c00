import CLinux
import Glibc
import Synchronization

/// The directory for the workspaces of one host's plugins.
///
/// The host holds a lock on a file in it during its lifetime. At its start, a host removes the roots whose lock no
/// process holds, which are those of killed hosts. (Process ids cannot identify hosts: in a container the operator is
/// always 1.)
final class WorkspaceRoot: Sendable {
    private static let prefix = "generalscaler-plugins-"
    private static let lockName = "lock"
    private static let unlockedName = "lock.new"

    private struct Made {
        let path: String
        let lock: Int32
    }

    /// An existing directory.
    let parent: String
    private let made = Mutex<Made?>(nil)

    init(parent: String) {
        self.parent = parent
    }

    deinit {
        _ = remove()
    }

    /// Returns the root's path. Creates the directory if it does not exist or was removed.
    func path() throws(LaunchProblem) -> String {
        try made.withLock { made throws(LaunchProblem) in
            if let made, access("\(made.path)/\(Self.lockName)", F_OK) == 0 { return made.path }
            if let old = made { close(old.lock) }
            made = nil
            let new = try Self.make(in: parent)
            made = new
            return new.path
        }
    }

    /// Removes the root and its contents.
    ///
    /// - Returns: the reason if it could not be removed.
    func remove() -> String? {
        made.withLock { made in
            guard let old = made else { return nil }
            made = nil
            defer { close(old.lock) }
            return RemovedTree.remove(old.path)
        }
    }

    private static func make(in parent: String) throws(LaunchProblem) -> Made {
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LaunchProblem(
                "no temporary directory can be created in \(parent): \(String(cString: strerror(errno))). "
                    + "Make it writable, or set TMPDIR of the operator to a writable directory")
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // The lock is held before the directory gets its final name.
        let new = "\(path)/\(unlockedName)"
        let lock = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, rename(new, "\(path)/\(lockName)") == 0 else {
            let reason = String(cString: strerror(errno))
            if lock >= 0 { close(lock) }
            _ = RemovedTree.remove(path)
            throw LaunchProblem("\(path): its lock cannot be created: \(reason)")
        }
        return Made(path: path, lock: lock)
    }

    // MARK: What other hosts left over

    /// Removes the roots of hosts that have ended.
    ///
    /// - Returns: the number of removed roots, and the reasons why others could not be removed.
    static func removeLeftOver(in parent: String) -> (removed: Int, problems: [String]) {
        var removed = 0
        var problems: [String] = []
        for name in ProcessTable.names(in: parent) where name.hasPrefix(prefix) {
            let path = "\(parent)/\(name)"
            guard let lock = leftOverLock(path) else { continue }
            if let problem = RemovedTree.remove(path) { problems.append(problem) } else { removed += 1 }
            if lock >= 0 { close(lock) }
        }
        return (removed, problems)
    }

    /// Acquires the lock of an unused root and returns it, or -1 if there is no lock file; nil for a root in use.
    private static func leftOverLock(_ path: String) -> Int32? {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        var status = stat()
        guard fstat(directory, &status) == 0, status.st_uid == geteuid() else { return nil }
        let lock = openat(directory, lockName, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        if lock < 0 {
            // The root is being created, unless its host was killed at that moment.
            let age = time(nil) - status.st_ctim.tv_sec
            return errno == ENOENT && .seconds(age) > PluginHostLimits.lockGrace ? -1 : nil
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            return nil
        }
        return lock
    }
}
