import Scaling
import WireFormats

/// A response of Prometheus to a range query: whole, its `data`, or the series alone as `promtool` prints them.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
struct PrometheusMatrix {
    let metrics: [String]
    private(set) var samples: [Trace.Sample] = []
    /// The notes that the response contains about itself.
    private(set) var notes: [String] = []

    /// - Returns: nil if the text is not a range query's response.
    init?(_ reader: JSONReader) throws(JSONPathError) {
        guard let series = try Self.series(reader) else { return nil }
        guard series.count <= Trace.maxMetrics else {
            throw reader.error("has \(series.count) series, more than \(Trace.maxMetrics)")
        }
        metrics = try Self.names(series)
        var cells: [Timestamp: [Trace.Cell]] = [:]
        let empty = [Trace.Cell](repeating: .noData, count: series.count)
        for (index, one) in series.enumerated() {
            guard try one.optional("histograms") == nil else {
                throw one.error("has histograms, which are not numbers: use histogram_quantile(...)")
            }
            for pair in try one.required("values").elements() {
                let (time, cell) = try Self.sample(pair)
                guard cells[time, default: empty][index] == .noData else {
                    throw pair.error("is a second value at \(time.text)")
                }
                cells[time, default: empty][index] = cell
            }
        }
        samples = cells.sorted { $0.key < $1.key }.map { Trace.Sample(time: $0.key, cells: $0.value) }
        let warnings = reader.value["warnings"]?.arrayValue ?? []
        notes = warnings.compactMap(\.stringValue).map { "Prometheus warned: \($0.shortened)" }
        if reader.value["isPartial"] == true { notes.append("The response of the server was partial.") }
    }

    private static func series(_ reader: JSONReader) throws(JSONPathError) -> [JSONReader]? {
        if case .array(let elements) = reader.value {
            let isMatrix = elements.first.map { $0["metric"]?.objectValue != nil && $0["values"]?.arrayValue != nil }
            return isMatrix == true ? try reader.elements() : nil
        }
        guard reader.value.objectValue != nil else { return nil }
        if reader.value["status"] == "error" {
            throw reader.error(
                "is an answer of Prometheus without data: \((reader.value["error"]?.stringValue ?? "an error").shortened)"
            )
        }
        let data = try reader.optional("data") ?? reader
        guard data.value.objectValue != nil, let type = data.value["resultType"]?.stringValue else { return nil }
        guard type == "matrix" else {
            throw data.error("is the answer to an instant query (\(type.shortened)): export that of a range query")
        }
        return try data.optional("result")?.elements() ?? []
    }

    /// Names each series by its metric, and adds the labels if several series share that name.
    private static func names(_ series: [JSONReader]) throws(JSONPathError) -> [String] {
        var labels: [[String: JSON]] = []
        for one in series { labels.append(try one.optional("metric")?.object() ?? [:]) }
        let names = labels.map { $0["__name__"]?.stringValue ?? "" }
        let full = zip(names, labels).map { name, labels in name + text(labels) }
        var unique: [String] = []
        for (index, name) in names.enumerated() {
            let isUnique = !name.isEmpty && names.count { $0 == name } == 1
            unique.append(isUnique ? name : full[index])
            guard !unique.dropLast().contains(unique[index]) else {
                throw series[index].error("has the same labels as another series")
            }
        }
        return unique
    }

    /// `{app="web",pod="a"}`
    private static func text(_ labels: [String: JSON]) -> String {
        let pairs = labels.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// `[1700000000.123, "42"]`
    private static func sample(_ pair: JSONReader) throws(JSONPathError) -> (Timestamp, Trace.Cell) {
        let elements = try pair.elements()
        guard elements.count == 2, let time = elements[0].value.timeText.flatMap({ Timestamp(text: $0) }) else {
            throw pair.error("must be a time and a value")
        }
        guard case .string(let text) = elements[1].value else { return (time, .value(try elements[1].double())) }
        if NumberText.isAbsent(text[...]) { return (time, .noData) }
        guard case .plain(let value)? = NumberText(text[...]) else { throw elements[1].error("must be a number") }
        return (time, value.isFinite ? .value(value) : .noData)
    }
}

extension JSON {
    /// The text of a time that is a string or a number.
    fileprivate var timeText: String? { stringValue ?? doubleValue.map { _ in description } }
}
