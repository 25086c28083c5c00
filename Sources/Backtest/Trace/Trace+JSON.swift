import Scaling
package import WireFormats

extension Trace {
    /// Reads an array of objects, one per sample: `time`, a number for each metric (null for no data, `"error"` for a
    /// failed reading), and, if known, `replicas`; or the response of Prometheus to a range query.
    ///
    /// - Parameter zone: the zone of times without one; if nil, such a time is an error.
    package init(json: JSON, zone: TraceZone? = nil) throws(TraceError) {
        do throws(JSONPathError) {
            if let matrix = try PrometheusMatrix(JSONReader(json)) {
                try self.init(checking: matrix.metrics, matrix.samples, notes: matrix.notes)
            } else {
                try self.init(rows: try JSONReader(json).elements(), TraceTime(zone: zone))
            }
        } catch {
            throw TraceError(error.description)
        }
    }

    private init(rows: [JSONReader], _ time: TraceTime) throws(JSONPathError) {
        guard let first = rows.first else { throw JSONPathError(path: "", message: "is empty: it needs samples") }
        var names: Set<String> = []
        for row in rows { names.formUnion(try row.object().keys) }
        let times = names.filter { TraceColumns.timeNames.contains($0.lowercased()) }
        guard let timeName = times.contains("time") ? "time" : times.first, times.count == 1 || timeName == "time"
        else {
            throw times.isEmpty
                ? JSONPathError(path: "\(first.path).time", message: "is required")
                : first.error("has several times: \(times.sorted().joined(separator: ", "))")
        }
        let metrics = names.subtracting([timeName, Self.replicasColumn]).sorted()
        guard metrics.count <= Self.maxMetrics else {
            throw JSONPathError(path: "", message: "names \(metrics.count) metrics, more than \(Self.maxMetrics)")
        }
        guard !metrics.isEmpty else { throw JSONPathError(path: "", message: "names no metric besides time") }
        var samples: [Sample] = []
        for row in rows { samples.append(try Self.sample(row, timeName, metrics, time)) }
        try self.init(checking: metrics, samples)
    }

    /// Creates a trace as ``init(metrics:samples:notes:)`` does, but throws a reader's error.
    private init(checking metrics: [String], _ samples: [Sample], notes: [String] = []) throws(JSONPathError) {
        do throws(TraceError) {
            try self.init(metrics: metrics, samples: samples, notes: notes)
        } catch {
            throw JSONPathError(path: "", message: error.description)
        }
    }

    private static func sample(
        _ row: JSONReader, _ timeName: String, _ metrics: [String], _ time: TraceTime
    ) throws(JSONPathError) -> Sample {
        let timeReader = try row.required(timeName)
        let timestamp: Timestamp
        do throws(TraceTime.Problem) {
            timestamp = try time.time(Substring(timeReader.value.stringValue ?? timeReader.value.description))
        } catch {
            throw timeReader.error(error.message)
        }
        var cells: [Cell] = []
        for metric in metrics { cells.append(try row.optional(metric).map(cell) ?? .noData) }
        return Sample(time: timestamp, cells: cells, replicas: try row.optional(replicasColumn).flatMap(replicas))
    }

    private static func cell(_ reader: JSONReader) throws(JSONPathError) -> Cell {
        guard case .string(let text) = reader.value else { return .value(try reader.double()) }
        if NumberText.isAbsent(text[...]) { return .noData }
        if text.lowercased() == "error" { return .failed }
        guard case .plain(let value)? = NumberText(text[...]) else {
            throw reader.error("must be a number, null or \"error\", not \(text.quoted)")
        }
        return value.isFinite ? .value(value) : .noData
    }

    private static func replicas(_ reader: JSONReader) throws(JSONPathError) -> Int? {
        guard case .string(let text) = reader.value else { return try reader.int(in: 0...Int(Int32.max)) }
        if NumberText.isAbsent(text[...]) { return nil }
        guard let count = Int(text), (0...Int(Int32.max)).contains(count) else {
            throw reader.error("must be a number of replicas, not \(text.quoted)")
        }
        return count
    }
}
