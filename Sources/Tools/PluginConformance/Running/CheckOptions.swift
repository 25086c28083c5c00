package import WireFormats

/// The options of a run, besides the plugin.
package struct CheckOptions: Sendable {
    /// A config that works, as an object.
    package var config: JSON?
    /// A config that cannot work.
    package var badConfig: JSON?
    /// The metric type to call; nil for the first.
    package var metricType: String?
    package var times = ConformanceTimes()
    /// The rules to check; all if it is empty.
    package var only: Set<RuleID> = []
    package var skip: Set<RuleID> = []
    /// The program that confines a plugin, if there is one.
    package var launcher: String?
    /// Absolute paths that the plugin may read confined, beyond what every plugin may.
    package var readPaths: [String] = []

    /// Called with every line that is sent and received, the process that it concerns, and who wrote it.
    package var trace: (@Sendable (_ process: Int32, _ isFromPlugin: Bool, _ line: [UInt8]) -> Void)?

    package init() {}

    func wants(_ rule: RuleID) -> Bool { (only.isEmpty || only.contains(rule)) && !skip.contains(rule) }
}
