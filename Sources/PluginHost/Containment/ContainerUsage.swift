import Glibc

/// The use and limits of the operator's control group, as counted by the kernel. A part without a limit is nil.
struct ContainerUsage: Sendable, Hashable {
    struct Part: Sendable, Hashable {
        let used: Int64
        let limit: Int64

        var share: Double { Double(used) / Double(limit) }
    }

    /// The memory in bytes. Above ``PluginHostLimits/pressureShare`` without what the kernel can reclaim immediately.
    var memory: Part?
    /// Processes and threads.
    var tasks: Part?

    /// Reads the counters, which takes about 4 µs.
    static func current() -> ContainerUsage {
        ContainerUsage(memory: files.memory.flatMap(memory), tasks: files.tasks.flatMap(part))
    }

    // MARK: Control groups

    private struct Files {
        let used: KernelLine
        let limit: KernelLine

        init?(used: String, limit: String) {
            guard let used = KernelLine(used), let limit = KernelLine(limit) else { return nil }
            (self.used, self.limit) = (used, limit)
        }
    }

    private struct MemoryFiles {
        let files: Files
        let statistics: String
        /// The line of `statistics` with the memory that the kernel can reclaim.
        let droppable: String
    }

    private static let files: (memory: MemoryFiles?, tasks: Files?) = {
        let lines = (text("/proc/self/cgroup") ?? "").split(separator: "\n")
        let tasks = directory(lines, "pids").flatMap { Files(used: "\($0)/pids.current", limit: "\($0)/pids.max") }
        return (memoryFiles(lines), tasks)
    }()

    private static func memoryFiles(_ lines: [Substring]) -> MemoryFiles? {
        guard let directory = directory(lines, "memory") else { return nil }
        let isVersion2 = access("\(directory)/memory.current", R_OK) == 0
        let files =
            isVersion2
            ? Files(used: "\(directory)/memory.current", limit: "\(directory)/memory.max")
            : Files(used: "\(directory)/memory.usage_in_bytes", limit: "\(directory)/memory.limit_in_bytes")
        return files.map {
            MemoryFiles(
                files: $0, statistics: "\(directory)/memory.stat",
                droppable: isVersion2 ? "inactive_file " : "total_inactive_file ")
        }
    }

    /// Returns the directory of this process's control group for the controller.
    private static func directory(_ lines: [Substring], _ controller: String) -> String? {
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[0] == "0" && parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains(Substring(controller)) else { continue }
            let base = isVersion2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(controller)"
            let probes =
                controller == "memory" ? ["memory.current", "memory.usage_in_bytes"] : ["\(controller).current"]
            // In a container, the group is mounted as the root, while its path may be that of the host.
            for directory in ["\(base)\(parts[2] == "/" ? "" : parts[2])", base]
            where probes.contains(where: { access("\(directory)/\($0)", R_OK) == 0 }) {
                return directory
            }
        }
        return nil
    }

    /// Version 1 reports a number of this magnitude if there is no limit.
    private static let unlimited: Int64 = 1 << 60

    private static func memory(_ memory: MemoryFiles) -> Part? {
        guard let whole = part(memory.files) else { return nil }
        // The statistics cost more CPU time than all other files, and matter only under pressure.
        guard whole.share > PluginHostLimits.pressureShare else { return whole }
        let droppable = (text(memory.statistics) ?? "").split(separator: "\n").first { $0.hasPrefix(memory.droppable) }
            .flatMap { Int64($0.dropFirst(memory.droppable.count)) }
        return Part(used: max(0, whole.used - (droppable ?? 0)), limit: whole.limit)
    }

    private static func part(_ files: Files) -> Part? {
        guard let limit = files.limit.firstNumber(), limit > 0, limit < unlimited, let used = files.used.firstNumber()
        else { return nil }
        return Part(used: used, limit: limit)
    }

    private static func text(_ path: String) -> String? {
        ProcessTable.contents(path).map { String(decoding: $0, as: UTF8.self) }
    }
}
