/// Resource limits of a plugin.
struct PluginLimits: Sendable, Hashable {
    /// Address space of one process in MiB. Far above typical use, because some runtimes reserve much more than they
    /// use.
    var addressSpaceMiB = 64 << 10
    /// Memory in MiB: the writable memory of one process, used or not, which the kernel enforces; and the used memory
    /// of all processes of the plugin, which the host enforces.
    var memoryMiB = 2 << 10
    var openFiles = 1_024
    /// The number of concurrent processes of the plugin, including itself.
    var processes = 64
    /// The size of the temporary directory in MiB, and of any single file in it.
    var temporaryMiB = 64

    /// The minimum with which a runtime can start.
    static let leastMiB = 16
    static let mostMiB = 1 << 30
    static let leastOpenFiles = 16
    static let mostOpenFiles = 1 << 20
    static let mostProcesses = 1 << 15
    static let leastTemporaryMiB = 1
    /// Threads of a plugin per allowed process. Java starts about 30 in one process.
    static let threadsPerProcess = 16

    var memoryBytes: Int64 { Int64(memoryMiB) << 20 }
    var temporaryBytes: Int64 { Int64(temporaryMiB) << 20 }
    var threads: Int { processes * Self.threadsPerProcess }
}
