import CLinux
import Glibc

/// Removes directory trees in which a plugin could write.
enum RemovedTree {
    /// - Parameter path: a directory in whose parent no plugin can write.
    /// - Returns: the reason if it could not be removed.
    static func remove(_ path: String) -> String? {
        let parent = open(ProgramFile.directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return errno == ENOENT ? nil : "\(path): \(String(cString: strerror(errno)))" }
        defer { close(parent) }
        guard clinux_remove_tree(parent, ProgramFile.name(of: path)) == 0 else {
            return "\(path): \(String(cString: strerror(errno)))"
        }
        return nil
    }
}
