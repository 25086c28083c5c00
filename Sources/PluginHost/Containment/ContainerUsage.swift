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

    /// Reads the counters, which takes about 20 µs.
    static func current() -> ContainerUsage {
        ContainerUsage(memory: files.memory.flatMap(memory), tasks: files.tasks.flatMap(tasks))
    }

    // MARK: Control groups

    private struct MemoryFiles {
        let used: String
        let limit: String
        let statistics: String
        /// The line of `statistics` with the memory that the kernel can reclaim.
        let droppable: String
    }

    private static let files: (memory: MemoryFiles?, tasks: String?) = {
        let lines = (text("/proc/self/cgroup") ?? "").split(separator: "\n")
        return (memoryFiles(lines), directory(lines, "pids").map { "\($0)/pids" })
    }()

    private static func memoryFiles(_ lines: [Substring]) -> MemoryFiles? {
        guard let directory = directory(lines, "memory") else { return nil }
        let isVersion2 = access("\(directory)/memory.current", R_OK) == 0
        return isVersion2
            ? MemoryFiles(
                used: "\(directory)/memory.current", limit: "\(directory)/memory.max",
                statistics: "\(directory)/memory.stat", droppable: "inactive_file ")
            : MemoryFiles(
                used: "\(directory)/memory.usage_in_bytes", limit: "\(directory)/memory.limit_in_bytes",
                statistics: "\(directory)/memory.stat", droppable: "total_inactive_file ")
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

    private static func memory(_ files: MemoryFiles) -> Part? {
        guard let limit = number(files.limit), limit > 0, limit < unlimited, let used = number(files.used) else {
            return nil
        }
        let whole = Part(used: used, limit: limit)
        // The statistics cost more CPU time than all other files, and matter only under pressure.
        guard whole.share > PluginHostLimits.pressureShare else { return whole }
        let droppable = (text(files.statistics) ?? "").split(separator: "\n").first { $0.hasPrefix(files.droppable) }
            .flatMap { Int64($0.dropFirst(files.droppable.count)) }
        return Part(used: max(0, used - (droppable ?? 0)), limit: limit)
    }

    private static func tasks(_ prefix: String) -> Part? {
        guard let limit = number("\(prefix).max"), limit > 0, let used = number("\(prefix).current") else { return nil }
        return Part(used: used, limit: limit)
    }

    private static func number(_ path: String) -> Int64? {
        text(path).flatMap { text in Int64(text.prefix { $0 != "\n" }) }
    }

    private static func text(_ path: String) -> String? {
        ProcessTable.contents(path).map { String(decoding: $0, as: UTF8.self) }
    }
}
