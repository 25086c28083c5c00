/// Resource limits of a plugin.
struct PluginLimits: Sendable, Hashable {
    /// Address space of one process in MiB. Far above what a plugin uses: some runtimes reserve much and use little of
    /// it.
    var addressSpaceMiB = 64 << 10
    /// Memory in MiB: what one process may write to, whether it has touched it or not, which the kernel enforces; and
    /// what all processes of the plugin together use, which the host does.
    var memoryMiB = 2 << 10
    var openFiles = 1_024
    /// Processes that the plugin may have at a time, itself among them.
    var processes = 64
    /// The temporary directory's size in MiB, and that of any one file that it writes.
    var temporaryMiB = 64

    /// The least that lets a runtime start.
    static let leastMiB = 16
    static let mostMiB = 1 << 30
    static let leastOpenFiles = 16
    static let mostOpenFiles = 1 << 20
    static let mostProcesses = 1 << 15
    static let leastTemporaryMiB = 1
    /// Threads that a plugin may have, for each process that it may have. Java starts about 30 in one process.
    static let threadsPerProcess = 16

    var memoryBytes: Int64 { Int64(memoryMiB) << 20 }
    var temporaryBytes: Int64 { Int64(temporaryMiB) << 20 }
    var threads: Int { processes * Self.threadsPerProcess }
}
