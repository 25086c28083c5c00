package import WireFormats

/// The options of a run besides the plugin.
package struct CheckOptions: Sendable {
    /// A valid config, as an object.
    package var config: JSON?
    /// An invalid config.
    package var badConfig: JSON?
    /// The metric type to call; nil for the first.
    package var metricType: String?
    package var times = ConformanceTimes()
    /// The rules to check; empty for all.
    package var only: Set<RuleID> = []
    package var skip: Set<RuleID> = []
    /// Whether a run in which no value is read fails.
    package var requiresValue = false
    /// The program that confines the plugin, if any.
    package var launcher: String?
    /// Called with every line that is sent or received, its process, and its direction.
    package var trace: (@Sendable (_ process: Int32, _ isFromPlugin: Bool, _ line: [UInt8]) -> Void)?

    package init() {}

    func wants(_ rule: RuleID) -> Bool {
        requiresValue && rule == .readingShape || (only.isEmpty || only.contains(rule)) && !skip.contains(rule)
    }
}
