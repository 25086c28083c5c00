import WireFormats

/// An installed plugin and how to run it.
struct PluginProgram: Sendable, Hashable {
    /// The mode in which the program runs.
    enum Mode: String, Sendable, CaseIterable {
        /// One process answers many calls.
        case serve
        /// One process per call, with the request as its whole stdin.
        case oneshot
    }

    /// The part of the file name after `generalscaler-plugin-`: the expected metric type.
    let name: String
    /// The absolute path of the executable; links are resolved at each start.
    var path: String
    var arguments: [String] = []
    /// The environment, except for the variables of single processes.
    var environment: [String: String]
    /// Default config members of this plugin's types.
    var defaults: [String: JSON] = [:]
    /// The servers that configs may name; nil for all.
    var allowedAddresses: [AllowedAddress]?
    /// The operator's limit on calls in flight.
    var maxInFlight: Int?
    var mode = Mode.serve
    /// The required SHA-256 of the executable in lower-case hexadecimal; nil to accept any.
    var sha256: String?
    var isConfined = true
    /// Whether the sandbox allows starting processes.
    var mayHaveChildren = true
    /// Absolute paths that the plugin may read, in addition to the common ones.
    var readPaths: [String] = []
    var limits = PluginLimits()
}
