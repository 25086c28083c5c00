import Testing
import WireFormats

@testable import PluginProtocol

@Suite("A metric's history")
struct MetricRangeTests {
    private let window = RangeWindow(fromMicroseconds: 0, toMicroseconds: 60_000_000, stepSeconds: 30)

    @Test("a range request contains type, config, window and deadline, and round-trips")
    func request() throws {
        let window = try #require(window)
        let request = PluginRequest.getMetricRange(
            type: "depth", config: ["queue": "a"], targetType: .averageValue, window: window)
        let json = try JSON(parsing: request.line(id: 7, deadlineMs: 900))
        #expect(json["method"] == "get_metric_range")
        #expect(json["params"]?["from"] == "1970-01-01T00:00:00.000Z")
        #expect(json["params"]?["to"] == "1970-01-01T00:01:00.000Z")
        let params = try GetMetricRangeParams(JSONReader(try #require(json["params"])))
        #expect(params.window == window)
        #expect(params.config == ["queue": "a"])
        #expect(params.targetType == .averageValue)
        #expect(params.deadlineMs == 900)
    }

    @Test("a window, its points and a reading round-trip with times that are not whole milliseconds")
    func oddTimes() throws {
        let window = try #require(
            RangeWindow(
                fromMicroseconds: 1_772_409_600_123_457, toMicroseconds: 1_772_409_645_999_999, stepSeconds: 15))
        let request = PluginRequest.getMetricRange(type: "depth", config: [:], targetType: .value, window: window)
        let json = try JSON(parsing: request.line(id: 7, deadlineMs: 900))
        #expect(try GetMetricRangeParams(JSONReader(try #require(json["params"]))).window == window)

        let range = MetricRange(points: window.times.map { .init(atMicroseconds: $0, value: 3) })
        var writer = JSONWriter()
        range.encode(into: &writer)
        #expect(try MetricRange(JSONReader(JSON(parsing: writer.bytes))) == range)

        let reading = MetricReading(value: 1, observedAtMicroseconds: 1_772_409_600_123_457)
        writer = JSONWriter()
        reading.encode(into: &writer)
        #expect(try MetricReading(JSONReader(JSON(parsing: writer.bytes))) == reading)
    }

    @Test(
        "a point counts for the nearest time that is at most half a step away, for every grid of the source",
        arguments: [
            (0, [0, 1, 2, 3]), (-457, [0, 1, 2, 3]), (999_543, [0, 1, 2, 3]), (-14_999_999, [1, 2, 3, nil]),
            (-7_500_000, [0, 1, 2, 3]), (-7_500_001, [1, 2, 3, nil]), (7_499_999, [0, 1, 2, 3]),
            (7_500_000, [nil, 0, 1, 2]), (15_000_000, [nil, 0, 1, 2]), (60_000_000, [nil, nil, nil, nil]),
        ] as [(Int64, [Double?])])
    func shiftedPoints(offset: Int64, expected: [Double?]) throws {
        let from: Int64 = 1_772_409_600_123_457
        let window = try #require(
            RangeWindow(fromMicroseconds: from, toMicroseconds: from + 45_000_000, stepSeconds: 15))
        let points = (0..<4).map {
            MetricRange.Point(atMicroseconds: from + offset + Int64($0) * 15_000_000, value: Double($0))
        }
        #expect(MetricRange(points: points).values(in: window) == expected)
    }

    @Test("the nearest of several points close to one time counts")
    func finerGrid() throws {
        let window = try #require(RangeWindow(fromMicroseconds: 0, toMicroseconds: 20_000_000, stepSeconds: 10))
        let points = stride(from: Int64(-7_000_000), through: 27_000_000, by: 3_000_000).map {
            MetricRange.Point(atMicroseconds: $0, value: Double($0 / 1_000_000))
        }
        #expect(MetricRange(points: points).values(in: window) == [-1, 11, 20])
        #expect(window.nearest(of: [Int64.min, .max]) == [nil, nil, nil])
    }

    @Test("a range answer round-trips")
    func answer() throws {
        let range = MetricRange(
            points: [.init(atMicroseconds: 0, value: 1.5), .init(atMicroseconds: 30_000_000, value: -2)], unit: "jobs",
            detail: "two")
        var writer = JSONWriter()
        range.encode(into: &writer)
        #expect(try MetricRange(JSONReader(JSON(parsing: writer.bytes))) == range)
    }

    @Test(
        "a range answer with an invalid member is rejected with its name",
        arguments: [
            (["points": 3], "points: must be an array"),
            ([:], "points: is required"),
            (["points": [["at": "now", "value": 1]]], "points[0].at: must be an RFC 3339 time"),
            (["points": [["at": "2026-01-01T00:00:00Z"]]], "points[0].value: is required"),
            (
                [
                    "points": [
                        ["at": "2026-01-01T00:00:00Z", "value": 1], ["at": "2026-01-01T00:00:00Z", "value": 1],
                    ]
                ], "points[1].at: must be later than that of the previous point"
            ),
        ] as [(JSON, String)])
    func wrong(json: JSON, message: String) {
        let error = #expect(throws: JSONPathError.self) { try MetricRange(JSONReader(json)) }
        #expect(error?.description.hasPrefix(message) == true)
    }

    @Test("a range window needs ordered times, a positive step and a bounded number of points")
    func bounds() {
        let most = Int64(ProtocolLimits.maxRangePoints - 1) * 1_000_000
        #expect(RangeWindow(fromMicroseconds: 5, toMicroseconds: 5, stepSeconds: 1) != nil)
        #expect(RangeWindow(fromMicroseconds: 0, toMicroseconds: most, stepSeconds: 1) != nil)
        #expect(RangeWindow(fromMicroseconds: 0, toMicroseconds: most + 1_000_000, stepSeconds: 1) == nil)
        #expect(RangeWindow(fromMicroseconds: 1, toMicroseconds: 0, stepSeconds: 1) == nil)
        #expect(RangeWindow(fromMicroseconds: 0, toMicroseconds: 1, stepSeconds: 0) == nil)
        #expect(RangeWindow(fromMicroseconds: .min, toMicroseconds: .max, stepSeconds: 1) == nil)
    }
}
