package import Scaling

/// Recorded metrics over a time range.
package struct Trace: Sendable, Hashable {
    /// A recorded value of one metric at one time.
    package enum Cell: Sendable, Hashable {
        case value(Double)
        case noData
        case failed
    }

    package struct Sample: Sendable, Hashable {
        package var time: Timestamp
        /// The values, one per metric, in the order of ``Trace/metrics``.
        package var cells: [Cell]
        /// The replicas that the target was set to at the time, if recorded.
        package var replicas: Int?

        package init(time: Timestamp, cells: [Cell], replicas: Int? = nil) {
            self.time = time
            self.cells = cells
            self.replicas = replicas
        }
    }

    package let metrics: [String]
    /// At least two samples in ascending order of time, no two with the same time.
    package let samples: [Sample]
    /// The usual time between two samples. A sample is valid for that long; the time after it without a sample is a
    /// gap.
    package let step: Duration
    /// Notes for the user on how the samples were read.
    package let notes: [String]

    /// The column that gives replicas instead of a metric.
    package static let replicasColumn = "replicas"
    /// The maximum number of samples: three years at 15 s.
    package static let maxSamples = 6_000_000
    /// The maximum number of metrics. Bounds memory, because each row has a cell for each metric.
    package static let maxMetrics = 256

    /// The range of the day numbers that spreadsheets write (days since 1900, for the years 1954 to 2119), read as
    /// seconds since 1970.
    private static let spreadsheetDays =
        Timestamp(microsecondsSince1970: 20_000_000_000)...Timestamp(microsecondsSince1970: 80_000_000_000)

    /// - Parameter samples: in any order.
    /// - Throws: ``TraceError`` if there are too few or too many, or two at one time.
    package init(metrics: [String], samples: [Sample], notes: [String] = []) throws(TraceError) {
        guard samples.count <= Self.maxSamples else {
            throw TraceError("has \(samples.count) samples, more than \(Self.maxSamples): split it")
        }
        let sorted = samples.sorted { $0.time < $1.time }
        guard let first = sorted.first, sorted.count > 1 else {
            throw TraceError("has fewer than two samples, so the time for which a sample is valid is unknown")
        }
        var gaps: [Duration] = []
        gaps.reserveCapacity(sorted.count)
        var previous = first.time
        for sample in sorted.dropFirst() {
            guard sample.time > previous else {
                let notes = notes.map { ". \($0)" }.joined()
                throw TraceError("has two samples at one time, \(sample.time.text)\(notes)")
            }
            gaps.append(sample.time - previous)
            previous = sample.time
        }
        gaps.sort()
        // The lower median: of two intervals, the longer one is the gap.
        step = gaps[(gaps.count - 1) / 2]
        guard step >= .seconds(1) || !Self.spreadsheetDays.contains(first.time) else {
            throw TraceError(
                "has times that look like a spreadsheet's days since 1900, not seconds since 1970: format them as dates, such "
                    + "as 2026-01-02T03:04:05Z")
        }
        self.samples = sorted
        self.metrics = metrics
        self.notes = notes
    }

    /// Returns the position of the newest sample up to a time.
    ///
    /// - Parameter known: the position for an earlier time.
    func index(at time: Timestamp, from known: Int) -> Int {
        var index = known
        while index + 1 < samples.count, samples[index + 1].time <= time { index += 1 }
        return index
    }

    package var start: Timestamp { samples[0].time }
    package var end: Timestamp { samples[samples.count - 1].time }
}
