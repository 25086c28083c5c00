import Scaling
package import WireFormats

extension Trace {
    /// Reads an array of objects, one per sample: `time`, a number for each metric (null for no data, `"error"` for a
    /// failed reading), and where it is known `replicas`.
    package init(json: JSON) throws(TraceError) {
        do throws(JSONPathError) {
            let rows = try JSONReader(json).elements()
            var names: Set<String> = []
            for row in rows { names.formUnion(try row.object().keys) }
            let metrics = names.subtracting(["time", Self.replicasColumn]).sorted()
            guard metrics.count <= Self.maxMetrics else {
                throw JSONPathError(path: "", message: "names \(metrics.count) metrics, more than \(Self.maxMetrics)")
            }
            var samples: [Sample] = []
            for row in rows { samples.append(try Self.sample(row, metrics)) }
            guard !metrics.isEmpty else { throw JSONPathError(path: "", message: "names no metric beside time") }
            try self.init(checking: metrics, samples)
        } catch {
            throw TraceError(error.description)
        }
    }

    /// As ``init(metrics:samples:)``, with the error of a reader.
    private init(checking metrics: [String], _ samples: [Sample]) throws(JSONPathError) {
        do throws(TraceError) {
            try self.init(metrics: metrics, samples: samples)
        } catch {
            throw JSONPathError(path: "", message: error.description)
        }
    }

    private static func sample(_ row: JSONReader, _ metrics: [String]) throws(JSONPathError) -> Sample {
        let time = try row.required("time")
        let text = time.value.stringValue ?? time.value.description
        guard let timestamp = Timestamp(text: text) else {
            throw time.error("must be a time such as 2026-01-02T03:04:05Z, or seconds since 1970")
        }
        var cells: [Cell] = []
        for metric in metrics {
            guard let cell = try row.optional(metric) else {
                cells.append(.noData)
                continue
            }
            cells.append(cell.value == "error" ? .failed : .value(try cell.double()))
        }
        return Sample(
            time: timestamp, cells: cells, replicas: try row.optional(replicasColumn)?.int(in: 0...Int(Int32.max)))
    }
}
