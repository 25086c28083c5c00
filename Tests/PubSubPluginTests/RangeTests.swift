import HTTPTransport
import PluginSDK
import SourceSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// The history of a backlog for a simulation.
@Suite struct RangeTests {
    private static let start: Int64 = 1_767_225_600_000_000

    private static func at(_ seconds: Int64) -> Int64 { start + seconds * 1_000_000 }

    private func query(_ more: [String: JSON] = [:]) throws -> Query {
        let base: [String: JSON] = ["project": "shop", "subscription": "orders"]
        return try Query(PubSubConfig(config: JSONReader(.object(base.merging(more) { $1 }))))
    }

    private func window(_ from: Int64, _ to: Int64, step: Int) throws -> RangeWindow {
        try #require(
            RangeWindow(fromMicroseconds: Self.at(from), toMicroseconds: Self.at(to), stepSeconds: step))
    }

    private func series(_ points: [(Int64, Double)]) -> TimeSeries {
        TimeSeries(points.map { .init(endMicroseconds: Self.at($0.0), value: $0.1) })
    }

    @Test("a history sums the newest points of the regions at each time, and omits gaps")
    func historySumsNewest() throws {
        let europe = series([(120, 3), (0, 1), (60, 2), (1_200, 9)])
        let america = series([(0, 10), (60, 20), (120, 30), (1_200, 90)])
        let range = try query().range(of: [europe, america], window(0, 1_200, step: 60))
        let seconds = range.points.map { ($0.atMicroseconds - Self.start) / 1_000_000 }
        // Up to the end of the window of 300 s after the last point, and then again from the next.
        #expect(seconds == [0, 60, 120, 180, 240, 300, 360, 420, 1_200])
        #expect(range.points.map(\.value) == [11, 22, 33, 33, 33, 33, 33, 33, 99])
        #expect(range.detail == "the sum of 2 regions")
        #expect(range.unit == "1")
    }

    @Test("a history of a window with sub-millisecond bounds has values at exactly its times")
    func historyWindowSub() throws {
        let from = Self.start + 60_123_457
        let window = try #require(
            RangeWindow(fromMicroseconds: from, toMicroseconds: from + 150_000_001, stepSeconds: 75))
        let range = try query().range(of: [series([(60, 2), (120, 3), (180, 4)])], window)
        #expect(range.points.map(\.atMicroseconds) == Array(window.times))
        #expect(range.points.map(\.value) == [2, 3, 4])
    }

    @Test("a history without any value is no data")
    func historyValueData() throws {
        let error = #expect(throws: PluginError.self) {
            try query().range(of: [series([(9_000, 1)])], window(0, 600, step: 60))
        }
        #expect(error?.kind == .noData)
    }

    @Test("a series that continues on the next page is one series")
    func seriesContinuesNext() async throws {
        func page(_ seconds: Int64, _ value: Int, next: String?) -> String {
            let time = RFC3339.text(microseconds: Self.at(seconds))
            let token = next.map { #","nextPageToken":"\#($0)""# } ?? ""
            return #"""
                {"timeSeries":[{"metric":{"labels":{}},"resource":{"labels":{"subscription_id":"orders"}},
                "points":[{"interval":{"endTime":"\#(time)"},"value":{"int64Value":"\#(value)"}}]}]\#(token)}
                """#
        }
        let google = FakeGoogle([
            .success(.token), .success(.init(200, page(60, 2, next: "more"))),
            .success(.init(200, page(0, 1, next: nil))),
        ])
        let plugin = PubSubPlugin(
            client: google, metadataClient: google, files: FakeFiles([:]), environment: [:],
            nowMicroseconds: { Self.at(60) })
        let config: [String: JSON] = [
            "project": "shop", "subscription": "orders", "credentials": .string(try ServiceAccount.shared.get().json()),
        ]
        let range = try await plugin.range(
            for: MetricRangeRequest(
                config: try PubSubConfig(config: JSONReader(.object(config))), targetType: .averageValue,
                window: window(0, 60, step: 60), deadline: .now + .seconds(20)))
        #expect(range.points.map(\.value) == [1, 2])
        let asked = try #require(google.requests.dropFirst().first).url
        #expect(asked.contains("interval.startTime=2025-12-31T23%3A55%3A00.000Z"), "\(asked)")
    }
}
