package import WireFormats

/// A metric's history between two times: the answer to `get_metric_range`.
public struct MetricRange: Sendable, Hashable {
    public struct Point: Sendable, Hashable {
        /// The time in microseconds since 1970-01-01T00:00:00Z.
        public var atMicroseconds: Int64
        /// The value, which is finite. A time without a value is omitted.
        public var value: Double

        public init(atMicroseconds: Int64, value: Double) {
            self.atMicroseconds = atMicroseconds
            self.value = value
        }
    }

    /// The points in ascending order of time, without duplicates, each at most half a step from a requested time.
    public var points: [Point]
    public var unit: String?
    /// A note for users on how the values were determined.
    public var detail: String?

    public init(points: [Point], unit: String? = nil, detail: String? = nil) {
        self.points = points
        self.unit = unit
        self.detail = detail
    }
}

/// The times of a requested history: `from`, `from` plus one step, and so on up to `to`.
public struct RangeWindow: Sendable, Hashable {
    /// The first time in microseconds since 1970-01-01T00:00:00Z.
    public let fromMicroseconds: Int64
    /// The last time; not before ``fromMicroseconds``.
    public let toMicroseconds: Int64
    /// The step in seconds; at least 1.
    public let stepSeconds: Int

    /// - Returns: nil if the times are in the wrong order, the step is below 1, or there are more than
    ///   ``ProtocolLimits/maxRangePoints`` times.
    public init?(fromMicroseconds: Int64, toMicroseconds: Int64, stepSeconds: Int) {
        let span = toMicroseconds.subtractingReportingOverflow(fromMicroseconds)
        guard stepSeconds >= 1, stepSeconds <= Int32.max, !span.overflow, span.partialValue >= 0,
            span.partialValue / (Int64(stepSeconds) * 1_000_000) < ProtocolLimits.maxRangePoints
        else { return nil }
        self.fromMicroseconds = fromMicroseconds
        self.toMicroseconds = toMicroseconds
        self.stepSeconds = stepSeconds
    }

    private var step: Int64 { Int64(stepSeconds) * 1_000_000 }

    /// The requested times, in order.
    public var times: StrideThrough<Int64> { stride(from: fromMicroseconds, through: toMicroseconds, by: Int(step)) }

    /// Returns, for each requested time, the nearest of the given times that is at most half a step away.
    ///
    /// A source may have its own grid of times: servers align a window to multiples of its step, and truncate times to
    /// milliseconds. Times are therefore not compared for equality. A time halfway between two requested times belongs
    /// to the later one.
    ///
    /// - Returns: one element for each of ``times``; nil for a time without a match.
    public func nearest(of candidates: some Sequence<Int64>) -> [Int64?] {
        var nearest = [Int64?](repeating: nil, count: Int((toMicroseconds - fromMicroseconds) / step) + 1)
        for candidate in candidates {
            guard let index = index(nearest: candidate, count: nearest.count) else { continue }
            let time = fromMicroseconds + Int64(index) * step
            if let known = nearest[index], (abs(known - time), known) <= (abs(candidate - time), candidate) { continue }
            nearest[index] = candidate
        }
        return nearest
    }

    private func index(nearest candidate: Int64, count: Int) -> Int? {
        let (offset, isTooFar) = candidate.subtractingReportingOverflow(fromMicroseconds)
        let (shifted, isPastTheEnd) = offset.addingReportingOverflow(step / 2)
        guard !isTooFar, !isPastTheEnd, shifted >= 0 else { return nil }
        let index = Int(shifted / step)
        return index < count ? index : nil
    }
}

/// `get_metric_range`, host to plugin.
package struct GetMetricRangeParams: Sendable, Hashable {
    package var type: String
    package var config: JSON
    package var targetType: TargetType
    package var window: RangeWindow
    /// The time in milliseconds after which an answer is no longer used.
    package var deadlineMs: Int

    package init(_ reader: JSONReader) throws(JSONPathError) {
        type = try reader.required("type").string()
        config = .object(try reader.required("config").object())
        targetType = try reader.required("targetType").oneOf(TargetType.self)
        let to = try reader.required("to")
        guard
            let window = RangeWindow(
                fromMicroseconds: try reader.required("from").time(), toMicroseconds: try to.time(),
                stepSeconds: try reader.required("stepSeconds").int(in: 1...Int(Int32.max)))
        else {
            throw to.error("must be at or after from, and at most \(ProtocolLimits.maxRangePoints) steps long")
        }
        self.window = window
        deadlineMs = try reader.required("deadlineMs").int(in: 1...Int(Int32.max))
    }
}

extension RangeWindow {
    /// Encodes the window's members of `get_metric_range`.
    func encode(into writer: inout JSONWriter) {
        writer.key("from")
        writer.value(RFC3339.text(microseconds: fromMicroseconds, precision: .exact))
        writer.key("to")
        writer.value(RFC3339.text(microseconds: toMicroseconds, precision: .exact))
        writer.key("stepSeconds")
        writer.value(stepSeconds)
    }
}

extension MetricRange {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        var points: [Point] = []
        for element in try reader.required("points").elements() {
            let at = try element.required("at")
            let point = Point(atMicroseconds: try at.time(), value: try element.required("value").double())
            if let last = points.last, last.atMicroseconds >= point.atMicroseconds {
                throw at.error("must be later than that of the previous point")
            }
            points.append(point)
        }
        self.init(
            points: points, unit: try reader.optional("unit")?.string(),
            detail: try reader.optional("detail")?.string())
    }

    /// Returns the value of the nearest point within half a step for each time of the window; nil if there is none.
    package func values(in window: RangeWindow) -> [Double?] {
        let values = Dictionary(points.map { ($0.atMicroseconds, $0.value) }, uniquingKeysWith: { $1 })
        return window.nearest(of: points.map(\.atMicroseconds)).map { time in time.flatMap { values[$0] } }
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("points")
        writer.beginArray()
        for point in points {
            writer.beginObject()
            writer.key("at")
            writer.value(RFC3339.text(microseconds: point.atMicroseconds, precision: .exact))
            writer.key("value")
            writer.value(point.value)
            writer.endObject()
        }
        writer.endArray()
        if let unit {
            writer.key("unit")
            writer.value(unit)
        }
        if let detail {
            writer.key("detail")
            writer.value(detail)
        }
        writer.endObject()
    }
}

extension JSONReader {
    /// Decodes microseconds since 1970-01-01T00:00:00Z.
    func time() throws(JSONPathError) -> Int64 {
        guard let micros = RFC3339.microseconds(try string()) else {
            throw error("must be an RFC 3339 time such as 2026-01-02T03:04:05Z")
        }
        return micros
    }
}
