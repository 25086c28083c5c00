package import Backtest
import ScalerAPI
package import Scaling
package import WireFormats

/// Recorded readings of one scaler, and where they come from.
package struct ReplayReadings: Sendable {
    package enum Origin: String, Sendable, CaseIterable {
        /// The operator's memory.
        case memory
        /// A file.
        case trace
        /// The source itself, by its plugin.
        case range
    }

    package let origin: Origin
    package let trace: Trace
    /// The last time of the readings: a replay ends there.
    package let end: Timestamp
    /// The time between two readings, the longest that is usual in them.
    package let resolution: Duration
    /// What the user has to know about them.
    package let notes: [String]

    package init(origin: Origin, trace: Trace, notes: [String] = []) {
        self.init(origin: origin, trace: trace, resolution: trace.step, notes: trace.notes + notes)
    }

    private init(origin: Origin, trace: Trace, resolution: Duration, notes: [String]) {
        self.origin = origin
        self.trace = trace
        self.resolution = resolution
        self.notes = notes
        end = trace.end
    }

    /// Values of the metrics with a target, of formulas the computed ones: other values are not remembered.
    var hasComputedFormulas: Bool { origin == .memory }

    // MARK: The operator's memory

    /// Reads the answer of `/v1/scalers/NAMESPACE/NAME`: the readings at the polling interval, where older ones hold for
    /// longer.
    ///
    /// - Parameter seconds: how far back.
    /// - Throws: ``WhatIfProblem`` if there are too few readings.
    package init(memory answer: JSON, seconds: Int) throws(WhatIfProblem) {
        let interval = max(1, answer["scaler"]?["intervalSeconds"]?.intValue ?? 15)
        let metrics = (answer["metrics"]?.arrayValue ?? []).map { RememberedMetric($0, interval: interval) }
        guard let end = metrics.compactMap(\.readings.last?.seconds).max(),
            let first = metrics.compactMap(\.readings.first?.seconds).min(), end - first >= 2 * interval
        else {
            throw WhatIfProblem(
                "the operator's memory has too few readings of this scaler: try again after a few polls, or replay a trace"
            )
        }
        let start = max(first, end - seconds)
        var samples: [Trace.Sample] = []
        samples.reserveCapacity((end - start) / interval + 1)
        var cursors = metrics.map { _ in 0 }
        for time in stride(from: end - (end - start) / interval * interval, through: end, by: interval) {
            var cells: [Trace.Cell] = []
            var replicas: Int?
            for (index, metric) in metrics.enumerated() {
                let reading = metric.reading(at: time, &cursors[index])
                cells.append(reading?.value.map { .value($0) } ?? .noData)
                replicas = replicas ?? reading?.replicas
            }
            samples.append(Trace.Sample(time: Self.time(time), cells: cells, replicas: replicas))
        }
        // Before the first poll that is kept, and after a pause, the replicas are those around it.
        Self.fill(&samples)
        let trace: Trace
        do throws(TraceError) {
            trace = try Trace(metrics: metrics.map(\.name), samples: samples)
        } catch {
            throw WhatIfProblem("the operator's memory \(error)")
        }
        let coarse = metrics.compactMap { $0.firstFine }.max().flatMap { $0 > start ? $0 : nil }
        var notes: [String] = []
        if let coarse {
            notes.append(
                "Before \(Self.time(coarse).rfc3339(.seconds)) the memory has one reading every "
                    + "\(Duration.seconds(metrics[0].coarse).shortText), which is coarser than the polling interval: shorter "
                    + "peaks are missing there.")
        }
        self.init(
            origin: .memory, trace: trace, resolution: .seconds(coarse == nil ? interval : metrics[0].coarse),
            notes: notes)
    }

    private static func time(_ seconds: Int) -> Timestamp {
        Timestamp(microsecondsSince1970: Int64(seconds) * 1_000_000)
    }

    private static func fill(_ samples: inout [Trace.Sample]) {
        var last = samples.lazy.compactMap(\.replicas).first
        for index in samples.indices {
            samples[index].replicas = samples[index].replicas ?? last
            last = samples[index].replicas
        }
    }
}

/// What the operator remembers of one metric.
private struct RememberedMetric {
    struct Reading {
        let seconds: Int
        /// Nil for a missing value.
        let value: Double?
        let replicas: Int
    }

    let name: String
    /// Seconds between the older readings.
    let coarse: Int
    let readings: [Reading]
    private let interval: Int

    /// How many polls may be missing until a reading no longer holds.
    private static let heldPolls = 3

    init(_ json: JSON, interval: Int) {
        name = json["name"]?.stringValue ?? ""
        coarse = max(interval, json["coarseSeconds"]?.intValue ?? interval)
        self.interval = interval
        readings = (json["readings"]?.arrayValue ?? []).compactMap { entry in
            guard let seconds = entry[0]?.intValue, let replicas = entry[2]?.intValue else { return nil }
            return Reading(seconds: seconds, value: entry[1]?.doubleValue, replicas: replicas)
        }
    }

    /// The time of the first reading after which there is one per poll; nil if that is so of all.
    var firstFine: Int? {
        guard let last = readings.indices.dropLast().last(where: { isCoarse($0) }) else { return nil }
        return readings[last + 1].seconds
    }

    private func isCoarse(_ index: Int) -> Bool {
        let gap = readings[index + 1].seconds - readings[index].seconds
        return gap > Self.heldPolls * interval && gap <= coarse + coarse / 2
    }

    /// Returns the reading that holds at a time; nil in a gap.
    ///
    /// - Parameter cursor: the place of the reading for an earlier time.
    func reading(at time: Int, _ cursor: inout Int) -> Reading? {
        while cursor + 1 < readings.count, readings[cursor + 1].seconds <= time { cursor += 1 }
        guard cursor < readings.count, readings[cursor].seconds <= time else { return nil }
        let isHeld = cursor + 1 < readings.count && isCoarse(cursor)
        return isHeld || time - readings[cursor].seconds <= Self.heldPolls * interval ? readings[cursor] : nil
    }
}
