package import Scaling

extension Trace {
    /// What the trace has at one time.
    package struct Moment {
        /// The readings of the metrics that were asked for, in the same order.
        package let readings: [MetricObservation]
        /// The replicas that the target was set to, if recorded.
        package let replicas: Int?
    }

    /// Returns what a scaler that polls at a time reads: a sample stands until the next one is due, and ages from its own
    /// time after that.
    ///
    /// - Parameter metrics: the names of all metrics that the scaler reads.
    /// - Throws: ``TraceError`` if the trace does not have one of them.
    package func moment(_ time: Timestamp, of metrics: [String]) throws(TraceError) -> Moment {
        var columns: [Int] = []
        for metric in metrics { columns.append(try column(of: metric, amongst: metrics.count)) }
        let later = samples.partitioningIndex { $0.time > time }
        guard later > 0 else {
            let none = MetricObservation.noData("the trace has not begun")
            return Moment(readings: columns.map { _ in none }, replicas: nil)
        }
        let sample = samples[later - 1]
        let observedAt = observationTime(of: sample, at: time)
        return Moment(
            readings: columns.map { sample.observation($0, observedAt: observedAt) }, replicas: sample.replicas)
    }

    /// Returns the time for which a sample's values count at a later time.
    func observationTime(of sample: Sample, at now: Timestamp) -> Timestamp {
        now - sample.time < step ? now : sample.time
    }

    /// Returns the column of a metric.
    ///
    /// - Parameter count: the number of metrics that the scaler reads.
    func column(of name: String, amongst count: Int) throws(TraceError) -> Int {
        if let column = metrics.firstIndex(of: name) { return column }
        // With one metric and one column, the mapping is unambiguous.
        if count == 1, metrics.count == 1 { return 0 }
        // Names with labels are those of several series, and a metric reads one.
        let advice =
            metrics.contains { $0.contains("{") }
            ? "Record one series per metric, such as with sum(...), or rename a column"
            : "Name the metric in the spec, or the column in the trace, like the other"
        throw TraceError(
            "has no column \"\(name)\"; it has \(metrics.map(\.shortened).joined(separator: ", ")). \(advice)")
    }
}

extension [Trace.Sample] {
    /// Returns the first index whose sample is in the second part of the array, by binary search.
    fileprivate func partitioningIndex(_ isSecond: (Trace.Sample) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
