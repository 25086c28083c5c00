import CLinux
import Glibc

/// Removes directory trees that a plugin could write to.
enum RemovedTree {
    /// - Parameter path: a directory, whose own parent no plugin can write to.
    /// - Returns: why not, if it could not.
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
