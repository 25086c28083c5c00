/// A metric family: one name on `/metrics`. The table of the reference page is generated from these.
struct MetricFamily: Sendable, Hashable {
    /// All metric families.
    static let all = ofOperator + ofProcess + ofWebhook + ofPlugins + ofScalers + ofBudgets

    enum Kind: String, Sendable {
        case counter, gauge, histogram, summary
    }

    /// The name as in samples: with `_total` for a counter.
    let name: String
    let kind: Kind
    let help: String
    /// The label names, in the order of the samples' values.
    let labels: [String]

    /// - Parameter prefix: `process_` for the standard process metrics.
    init(
        prefix: String = "generalscaler_", _ name: String, _ kind: Kind, labels: [String] = [], _ help: String
    ) {
        self.name = prefix + name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}
