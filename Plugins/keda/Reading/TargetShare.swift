import PluginSDK
import SourceSupport

/// A metric's value divided by its own target.
struct TargetShare: Sendable, CustomStringConvertible {
    let name: String
    let value: Double
    let target: Double

    var share: Double { value / target }

    /// - Throws: a target that is not above 0, or a value that is missing or no number.
    init(of metric: MetricTarget, in values: [MetricValue], at place: HostPort) throws(PluginError) {
        name = Quoting.shortened(metric.name)
        target = metric.target
        guard target > 0, target.isFinite else {
            throw PluginError(
                .sourceUnreachable,
                "\(place) gives the metric \"\(name)\" the target \(Self.text(target)): targetSize or targetSizeFloat must "
                    + "be above 0. Correct the external scaler")
        }
        // A scaler may answer with other names than those that were requested, if there is no doubt.
        let named = values.filter { $0.name == metric.name }
        guard let highest = (named.isEmpty && values.count == 1 ? values : named).max(by: { $0.value < $1.value })
        else {
            let others = values.isEmpty ? "an empty list" : "\(values.count) values of other metrics"
            throw PluginError(.noData, "\(place) has no value of the metric \"\(name)\": GetMetrics answers \(others)")
        }
        value = highest.value
        guard share.isFinite else {
            throw PluginError(
                .noData, "\(place) gives the metric \"\(name)\" the value \(value), which is not a finite number")
        }
    }

    var description: String { "\(name) is \(Self.text(value)) against a target of \(Self.text(target))" }

    /// A whole number without its decimal point.
    private static func text(_ number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? "\(number)"
    }
}
