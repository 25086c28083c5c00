import PluginSDK
import SourceSupport
import WireFormats

/// One page of what Cloud Monitoring answers.
struct TimeSeriesPage: Hashable {
    struct Point: Hashable {
        let endMicroseconds: Int64
        let value: Double
    }

    /// The points of each series, by its labels: a long series goes on on the next page.
    let series: [String: [Point]]
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
        var found: [String: [Point]] = [:]
        for series in try body.optional("timeSeries")?.elements() ?? [] {
            let labels = ["metric", "resource"].map { series.value[$0]?["labels"]?.description ?? "" }
            for reader in try series.optional("points")?.elements() ?? [] {
                found[labels.joined(separator: " "), default: []].append(try Self.point(reader))
            }
        }
        series = found
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
