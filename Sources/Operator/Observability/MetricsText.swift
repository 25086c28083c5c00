/// Writes metrics in a text format that Prometheus reads.
struct MetricsText {
    enum Format: Sendable, Hashable, CaseIterable {
        /// Prometheus' own, version 0.0.4: what everything reads.
        case prometheus
        /// OpenMetrics 1.0: for those that ask for it.
        case openMetrics

        /// - Parameter accept: the request's header `Accept`.
        init(accept: String?) {
            self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheus
        }

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    private let format: Format
    private var written = ""
    private var family = MetricFamily.buildInfo

    init(_ format: Format) {
        self.format = format
    }

    /// Everything that was written.
    var text: String { format == .openMetrics ? written + "# EOF\n" : written }

    /// Begins a family: samples are its from here on.
    mutating func begin(_ family: MetricFamily) {
        self.family = family
        var name = family.name
        // OpenMetrics names the family without what its samples end in.
        if format == .openMetrics, family.kind == .counter { name.removeLast("_total".count) }
        written += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
    }

    mutating func sample(_ value: Double) { sample([], value) }

    /// - Parameters:
    ///   - labels: values, one for each of the family's labels.
    ///   - suffix: for the parts of a histogram.
    ///   - bound: the upper bound of a histogram's bucket.
    mutating func sample(_ labels: [String], suffix: String = "", bound: String? = nil, _ value: Double) {
        written += family.name + suffix
        var pairs = zip(family.labels, labels).map { "\($0)=\"\(Self.escaped($1))\"" }
        if let bound { pairs.append("le=\"\(bound)\"") }
        if !pairs.isEmpty { written += "{\(pairs.joined(separator: ","))}" }
        written += " \(Self.number(value))\n"
    }

    private static func escaped(_ label: String) -> String {
        label.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
