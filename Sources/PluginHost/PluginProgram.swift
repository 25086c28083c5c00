import WireFormats

/// One installed plugin: what to run, and how.
struct PluginProgram: Sendable, Hashable {
    /// What follows `generalscaler-plugin-` in its file name: the metric type it is expected to offer.
    let name: String
    /// The executable, as an absolute path.
    var path: String
    var arguments: [String] = []
    /// The whole environment.
    var environment: [String: String]
    /// Config members that the core puts under every config of this plugin's types.
    var defaults: [String: JSON] = [:]
    /// The operator's bound on calls in flight.
    var maxInFlight: Int?
}
