import PluginProtocol

/// Time limits for a plugin's answers.
package struct ConformanceTimes: Sendable, Hashable {
    /// For `initialize`, from the start of the process.
    package var initialize: Duration = .seconds(30)
    /// For `validate_config` and requests that are answered without work.
    package var validate: Duration = .seconds(10)
    /// The `deadlineMs` of reads.
    package var deadline: Duration = .seconds(5)

    package init() {}

    /// - Parameter method: nil for an unknown method.
    func answer(_ method: ProtocolMethod?) -> Duration {
        switch method {
        case .initialize: initialize
        case .getMetricValue, .getMetricValues, .getMetricRange, .subscribe: deadline
        default: validate
        }
    }

    var deadlineMs: Int64 { max(1, Int64(deadline / .milliseconds(1))) }
}
