import PluginSDK
import SourceSupport
import WireFormats

/// A page of a Cloud Monitoring response.
struct TimeSeriesPage: Hashable {
    struct Point: Hashable {
        let endMicroseconds: Int64
        let value: Double
    }

    /// The points of each series by its labels. A long series continues on the next page.
    let series: [String: [Point]]
    let nextPageToken: String?
    /// The reasons why the response may be incomplete.
    let executionErrors: [String]

    /// Parses only the needed parts of the response, one point at a time: a complete tree would take thirty times its
    /// size.
    init(_ body: [UInt8]) throws(PluginError) {
        do {
            try self.init(text: body)
        } catch let error as JSONPathError {
            throw PluginError(
                .sourceUnreachable,
                "the response is not that of Cloud Monitoring: \(error). Check that endpoint is the URL of a Monitoring API",
                path: "endpoint")
        } catch {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not JSON: \(Quoting.quote(body)). Check that endpoint is the URL of a Monitoring API",
                path: "endpoint")
        }
    }

    private init(text: [UInt8]) throws {
        var found: [String: [Point]] = [:]
        var count = 0
        var frame: [String: JSON] = [:]
        var slicer = JSONSlicer(text[...])
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            if name.elementsEqual("timeSeries".utf8) {
                if value.elementsEqual("null".utf8) { return }
                try Self.elements(of: value, path: "timeSeries") { series, path in
                    let (labels, points) = try Self.series(series, path: path)
                    found[labels, default: []] += points
                    count += 1
                    guard count <= PubSubLimits.maxSeries, points.count <= PubSubLimits.maxPoints else {
                        throw JSONPathError(path: "timeSeries", message: "has too many series or points")
                    }
                }
            }
            for known in ["nextPageToken", "executionErrors"] where name.elementsEqual(known.utf8) {
                frame[known] = try Self.json(value, PubSubLimits.frame, path: known)
            }
        }
        try slicer.end()
        let body = JSONReader(.object(frame))
        series = found
        let token = try body.optional("nextPageToken")?.string() ?? ""
        nextPageToken = token.isEmpty ? nil : token
        executionErrors = try (body.optional("executionErrors")?.elements() ?? []).map {
            $0.value["message"]?.stringValue ?? "an error without a message"
        }
    }

    private static func series(
        _ text: ArraySlice<UInt8>, path: String
    ) throws -> (labels: String, points: [Point]) {
        guard text.first == UInt8(ascii: "{") else { throw JSONPathError(path: path, message: "must be an object") }
        var labels: [String: String] = [:]
        var points: [Point] = []
        var slicer = JSONSlicer(text)
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            for part in ["metric", "resource"] where name.elementsEqual(part.utf8) {
                labels[part] = try json(value, PubSubLimits.labels, path: "\(path).\(part)")["labels"]?.description
            }
            if name.elementsEqual("points".utf8), !value.elementsEqual("null".utf8) {
                try elements(of: value, path: "\(path).points") { point, path in
                    points.append(try Self.point(JSONReader(json(point, PubSubLimits.point, path: path), path: path)))
                }
            }
        }
        return (["metric", "resource"].map { labels[$0] ?? "" }.joined(separator: " "), points)
    }

    private static func elements(
        of text: ArraySlice<UInt8>, path: String, _ body: (ArraySlice<UInt8>, String) throws -> Void
    ) throws {
        guard text.first == UInt8(ascii: "[") else { throw JSONPathError(path: path, message: "must be an array") }
        var slicer = JSONSlicer(text)
        try slicer.eachElement { index, element in try body(element, "\(path)[\(index)]") }
    }

    private static func json(_ text: ArraySlice<UInt8>, _ limits: JSONLimits, path: String) throws -> JSON {
        do throws(JSONSyntaxError) {
            return try JSON(parsing: text, limits: limits)
        } catch {
            guard error.exceeded != nil else { throw error }
            throw JSONPathError(path: path, message: "is \(error.message)")
        }
    }

    /// Parses a point. Integers are strings, because JSON numbers are exact only up to 2^53.
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
