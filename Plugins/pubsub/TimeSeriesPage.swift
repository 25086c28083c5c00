import PluginSDK
import SourceSupport
import WireFormats

/// One page of what Cloud Monitoring answers.
struct TimeSeriesPage: Hashable {
    struct Point: Hashable {
        let endMicroseconds: Int64
        let value: Double
    }

    /// The newest point of each series that has one.
    let newestPoints: [Point]
    let nextPageToken: String?
    /// Why the answer may lack something.
    let executionErrors: [String]

    init(_ body: [UInt8]) throws(PluginError) {
        guard let json = try? JSON(parsing: body) else {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not JSON: \(Quoting.quote(body)). Check that endpoint is that of a Monitoring API",
                path: "endpoint")
        }
        do throws(JSONPathError) {
            try self.init(JSONReader(json))
        } catch {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not that of Cloud Monitoring: \(error). Check that endpoint is that of a Monitoring API",
                path: "endpoint")
        }
    }

    private init(_ body: JSONReader) throws(JSONPathError) {
        var points: [Point] = []
        for series in try body.optional("timeSeries")?.elements() ?? [] {
            var newest: Point?
            for reader in try series.optional("points")?.elements() ?? [] {
                let point = try Self.point(reader)
                if newest == nil || point.endMicroseconds > newest?.endMicroseconds ?? .min { newest = point }
            }
            if let newest { points.append(newest) }
        }
        newestPoints = points
        let token = try body.optional("nextPageToken")?.string() ?? ""
        nextPageToken = token.isEmpty ? nil : token
        executionErrors = try (body.optional("executionErrors")?.elements() ?? []).map {
            $0.value["message"]?.stringValue ?? "an error without a message"
        }
    }

    /// Whole numbers are texts there: JSON's own end at 2^53.
    private static func point(_ reader: JSONReader) throws(JSONPathError) -> Point {
        let end = try reader.required("interval").required("endTime")
        guard let microseconds = RFC3339.microseconds(try end.string()) else { throw end.error("is not a time") }
        let value = try reader.required("value")
        if let whole = try value.optional("int64Value") {
            guard let number = whole.value.doubleValue ?? whole.value.stringValue.flatMap(Int64.init).map(Double.init)
            else { throw whole.error("is not a whole number") }
            return Point(endMicroseconds: microseconds, value: number)
        }
        return Point(endMicroseconds: microseconds, value: try value.required("doubleValue").double())
    }
}

extension PubSubConfig {
    /// The one value that the points stand for.
    ///
    /// - Throws: `no_data` where there is none: absence of data is not absence of messages.
    func reading(
        of points: [TimeSeriesPage.Point], _ subscription: SubscriptionName, nowMicroseconds: Int64, window: Int
    ) throws(PluginError) -> MetricReading {
        guard let oldest = points.map(\.endMicroseconds).min() else {
            throw PluginError(
                .noData,
                "Cloud Monitoring has no point of \(subscription.id) in project \(subscription.project) within \(window) s. "
                    + "Check both names; a new subscription's first point takes some minutes")
        }
        let age = (nowMicroseconds - oldest) / 1_000_000
        guard age <= Int64(window) else {
            throw PluginError(.noData, "the newest point is \(age) s old, and window is \(window) s")
        }
        let values = points.map(\.value)
        let sum = values.reduce(0, +)
        let kind = aggregation ?? (metric == .oldestUnackedAge ? .max : .sum)
        let value =
            switch kind {
            case .sum: sum
            case .avg: sum / Double(values.count)
            case .min: values.min() ?? sum
            case .max: values.max() ?? sum
            }
        guard value.isFinite else { throw PluginError(.noData, "the newest point is \(value), which is no number") }
        let detail = points.count == 1 ? nil : "the \(kind.rawValue) of \(points.count) regions"
        return MetricReading(value: value, unit: metric.unit, observedAtMicroseconds: oldest, detail: detail)
    }
}
