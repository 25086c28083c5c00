import ScalerAPI

/// Writes metrics in the Prometheus text format or OpenMetrics.
struct MetricsText {
    enum Format: Sendable, Hashable, CaseIterable {
        /// The Prometheus text format, version 0.0.4: the default.
        case prometheus
        /// OpenMetrics 1.0, if the client accepts it.
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

    /// The first labels of several samples, escaped once for all of them.
    struct SharedLabels {
        fileprivate let text: String

        init(_ labels: KeyValuePairs<String, String>) {
            var text = ""
            for (name, value) in labels { MetricsText.append(name, value, to: &text) }
            self.text = text
        }
    }

    private let format: Format
    private var written = ""
    private var family = MetricFamily.buildInfo

    init(_ format: Format) {
        self.format = format
    }

    /// The complete text.
    var text: String { format == .openMetrics ? written + "# EOF\n" : written }

    /// Begins a family, to which the following samples belong.
    mutating func begin(_ family: MetricFamily) {
        self.family = family
        var name = family.name
        // OpenMetrics omits the suffix in the family's name.
        if format == .openMetrics, family.kind == .counter { name.removeLast("_total".count) }
        written += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
    }

    mutating func sample(_ value: Double) { sample([], value) }

    /// - Parameters:
    ///   - labels: the values, one for each label of the family.
    ///   - suffix: for the parts of a histogram.
    ///   - bound: the upper bound of a histogram's bucket.
    mutating func sample(_ labels: [String], suffix: String = "", bound: String? = nil, _ value: Double) {
        var text = ""
        for (name, label) in zip(family.labels, labels) { Self.append(name, label, to: &text) }
        if let bound { Self.append("le", bound, to: &text) }
        write(suffix, text, value)
    }

    /// - Parameter shared: all labels of the family.
    mutating func sample(_ shared: SharedLabels, _ value: Double) { write("", shared.text, value) }

    /// - Parameters:
    ///   - shared: all labels of the family but the last one.
    ///   - last: the value of that one.
    mutating func sample(_ shared: SharedLabels, _ last: String, _ value: Double) {
        var text = shared.text
        Self.append(family.labels[family.labels.count - 1], last, to: &text)
        write("", text, value)
    }

    private mutating func write(_ suffix: String, _ labels: String, _ value: Double) {
        written += family.name
        written += suffix
        if !labels.isEmpty {
            written += "{"
            written += labels
            written += "}"
        }
        written += " "
        written += Self.number(value)
        written += "\n"
    }

    private static func append(_ name: String, _ value: String, to labels: inout String) {
        if !labels.isEmpty { labels += "," }
        labels += name
        labels += "=\""
        labels += escaped(value)
        labels += "\""
    }

    /// Escapes a label value. Iterates over scalars, because a carriage return and a line feed form one character.
    private static func escaped(_ label: String) -> String {
        guard label.utf8.contains(where: { [UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "\n")].contains($0) })
        else { return label }
        var text = String.UnicodeScalarView()
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": text.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": text.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": text.append(contentsOf: "\\n".unicodeScalars)
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
