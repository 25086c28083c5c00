import WireFormats

/// An installed plugin: what to run, and how.
struct PluginProgram: Sendable, Hashable {
    /// The mode in which the program runs.
    enum Mode: String, Sendable, CaseIterable {
        /// One process answers call after call.
        case serve
        /// A process for each call, with the request as the whole of its stdin.
        case oneshot
    }

    /// What follows `generalscaler-plugin-` in its file name: the metric type it is expected to offer.
    let name: String
    /// The executable, as an absolute path; links are followed at each start.
    var path: String
    var arguments: [String] = []
    /// The whole environment, but for what each process gets of its own.
    var environment: [String: String]
    /// Config members that the core puts under every config of this plugin's types.
    var defaults: [String: JSON] = [:]
    /// The servers that configs may name; nil for all.
    var allowedAddresses: [AllowedAddress]?
    /// The operator's bound on calls in flight.
    var maxInFlight: Int?
    var mode = Mode.serve
    /// What the executable's bytes have to hash to, in lower-case hexadecimal; any bytes if nil.
    var sha256: String?
    var isConfined = true
    /// Whether the sandbox lets it start processes.
    var mayHaveChildren = true
    /// Absolute paths that it may read beyond those that every plugin may.
    var readPaths: [String] = []
    var limits = PluginLimits()
}
