import PluginSDK
import SourceSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// Readings from responses built with Google's own types.
@Suite(.serialized, .timeLimit(.minutes(4))) struct MonitoringTests {
    private static func series(
        _ values: [JSON], metric: String = "num_undelivered_messages", subscription: String = "orders",
        region: String? = nil, extraDelay: Int = 0
    ) -> JSON {
        [
            "project": "shop", "subscription": .string(subscription),
            "metric": .string("pubsub.googleapis.com/subscription/\(metric)"), "values": .array(values),
            "labels": .object(region.map { ["region": .string($0)] } ?? [:]), "extraDelay": .integer(Int64(extraDelay)),
        ]
    }

    private static let tenMinutes: [JSON] = (0..<10).map { .integer(100 - $0) }

    private func config(_ server: GoogleStandIn, _ more: [String: JSON] = [:]) throws -> [String: JSON] {
        let base: [String: JSON] = [
            "project": "shop", "subscription": "orders", "endpoint": .string(server.address),
            "tokenEndpoint": .string("\(server.address)/token"),
            "credentials": .string(try ServiceAccount.shared.get().json()),
        ]
        return base.merging(more) { _, mine in mine }
    }

    @Test("the newest visible point is read, with the time of its end", arguments: [0, 60, 120])
    func newestVisiblePoint(extraDelay: Int) async throws {
        let scene: [String: JSON] = ["series": [Self.series(Self.tenMinutes, extraDelay: extraDelay)]]
        try await GoogleStandIn.run(scene) { server async throws in
            let before = WallClock.nowMicroseconds()
            let reading = try await PubSubPlugin().value(try config(server))
            let age = (before - reading.observedAtMicroseconds) / 1_000_000
            #expect(reading.observedAtMicroseconds % 60_000_000 == 0)
            #expect(age >= 60 + extraDelay - 60 && age < 120 + extraDelay + 1, "\(age) s old")
            // The value identifies the point.
            #expect(90.0...100.0 ~= reading.value)
            #expect(reading.unit == "1")
            #expect(reading.detail == nil)
        }
    }

    @Test("each metric has its own name in Monitoring, unit and target type")
    func metricNameMonitoring() async throws {
        let scene: [String: JSON] = [
            "series": [
                Self.series(Array(repeating: 7, count: 10)),
                Self.series(Array(repeating: 90, count: 10), metric: "oldest_unacked_message_age"),
                Self.series(Array(repeating: 2048, count: 10), metric: "backlog_bytes"),
            ]
        ]
        try await GoogleStandIn.run(scene) { server async throws in
            let plugin = PubSubPlugin()
            let cases: [(PubSubConfig.Metric, Double, String, TargetType)] = [
                (.undelivered, 7, "1", .averageValue), (.oldestUnackedAge, 90, "s", .value),
                (.backlogBytes, 2048, "By", .averageValue),
            ]
            for (metric, value, unit, targetType) in cases {
                let fields = try config(server, ["metric": .string(metric.rawValue)])
                let reading = try await plugin.value(fields)
                #expect(reading.value == value)
                #expect(reading.unit == unit)
                let parsed = try PubSubConfig(config: JSONReader(.object(fields)))
                #expect(plugin.targetType(for: parsed) == targetType)
            }
        }
    }

    @Test("regions on several pages are combined into one value")
    func regionsPagesCombined() async throws {
        let regions = ["europe-west1", "us-east1", "asia-east1"]
        let series = zip(regions, [10, 20, 60]).flatMap { region, value in
            ["num_undelivered_messages", "oldest_unacked_message_age"].map { metric in
                Self.series(Array(repeating: .number(Double(value) + 0.5), count: 10), metric: metric, region: region)
            }
        }
        try await GoogleStandIn.run(["series": .array(series), "pageSize": 2]) { server async throws in
            let plugin = PubSubPlugin()
            let cases: [(fields: [String: JSON], value: Double)] = [
                ([:], 91.5), (["aggregation": "sum"], 91.5), (["aggregation": "avg"], 30.5),
                (["aggregation": "min"], 10.5), (["aggregation": "max"], 60.5),
                (["metric": "oldestUnackedAge"], 60.5), (["metric": "oldestUnackedAge", "aggregation": "avg"], 30.5),
            ]
            for (fields, value) in cases {
                let reading = try await plugin.value(try config(server, fields))
                #expect(reading.value == value)
                #expect(reading.detail?.contains("of 3 regions") == true)
            }
            // Two pages each, and one token for all.
            let kinds = try await server.kinds()
            #expect(kinds.filter { $0 == "timeSeries" }.count == 2 * cases.count)
            #expect(kinds.filter { $0 == "token" }.count == 1)
        }
    }

    @Test("a window without points is no data, and not 0")
    func windowPointsData() async throws {
        let scene: [String: JSON] = ["series": [Self.series(Self.tenMinutes, extraDelay: 400)]]
        try await GoogleStandIn.run(scene) { server async throws in
            let plugin = PubSubPlugin()
            for fields: [String: JSON] in [[:], ["subscription": "others"], ["project": "elsewhere"]] {
                let error = try #require(try await plugin.failure(try config(server, fields)))
                #expect(error.kind == .noData)
                #expect(error.message.contains("no point of"))
            }
            // A longer window finds it.
            let reading = try await plugin.value(try config(server, ["window": "10m"]))
            #expect(reading.value > 90 && reading.value < 95)
        }
    }

    @Test("a full subscription name includes the project")
    func fullSubscriptionName() async throws {
        try await GoogleStandIn.run(["series": [Self.series(Self.tenMinutes)]]) { server async throws in
            var fields = try config(server, ["subscription": "projects/shop/subscriptions/orders"])
            fields["project"] = nil
            #expect(try await PubSubPlugin().value(fields).value > 0)
        }
    }

    @Test("a missing permission is reported by name")
    func missingPermissionReported() async throws {
        try await GoogleStandIn.run(["series": []]) { server async throws in
            let error = try #require(try await PubSubPlugin().failure(try config(server, ["project": "forbidden"])))
            #expect(error.kind == .authFailed)
            #expect(error.message.contains("monitoring.timeSeries.list in project forbidden"))
            #expect(error.message.contains("roles/monitoring.viewer"))
        }
    }

    @Test("a refused token is replaced once")
    func refusedTokenReplaced() async throws {
        let series: JSON = [Self.series(Self.tenMinutes)]
        try await GoogleStandIn.run(["series": series, "revoked": 1]) { server async throws in
            #expect(try await PubSubPlugin().value(try config(server)).value > 0)
            #expect(try await server.kinds() == ["token", "timeSeries", "token", "timeSeries"])
        }
        try await GoogleStandIn.run(["series": series, "revoked": 5]) { server async throws in
            let error = try #require(try await PubSubPlugin().failure(try config(server)))
            #expect(error.kind == .authFailed)
            #expect(try await server.kinds() == ["token", "timeSeries", "token", "timeSeries"])
        }
    }
}
