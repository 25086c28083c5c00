/// What of the machine one process of a plugin may use. The kernel holds it to that.
struct PluginLimits: Sendable, Hashable {
    /// Address space in MiB. Far above what a plugin uses: some runtimes reserve much and use little of it.
    var addressSpaceMiB = 64 << 10
    /// Memory of its own that it may write to, in MiB, whether it has touched it or not.
    var memoryMiB = 2 << 10
    var openFiles = 1_024

    /// The least that lets a runtime start.
    static let leastMiB = 16
    static let mostMiB = 1 << 30
    static let leastOpenFiles = 16
    static let mostOpenFiles = 1 << 20
}
