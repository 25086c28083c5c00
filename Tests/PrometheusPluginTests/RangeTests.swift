import HTTPTransport
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

@Suite("The history of a query", .timeLimit(.minutes(5)))
struct RangeTests {
    private static let start: Int64 = 1_767_225_600

    private func range(
        _ plugin: PrometheusPlugin, _ config: String, steps: Int64 = 4, targetType: TargetType = .value
    ) async throws -> MetricRange {
        let config = try PrometheusConfig(parsing: config)
        let window = try #require(
            RangeWindow(
                fromMicroseconds: Self.start * 1_000_000, toMicroseconds: (Self.start + steps * 15) * 1_000_000,
                stepSeconds: 15))
        return try await plugin.range(
            for: MetricRangeRequest(
                config: config, targetType: targetType, window: window, deadline: .now + .seconds(30)))
    }

    private static func matrix(_ series: String) -> String {
        #"{"status":"success","data":{"resultType":"matrix","result":[\#(series)]}}"#
    }

    @Test("Is what a reading would have been at each time; a time without a value is left out")
    func gaps() async throws {
        let client = FakePrometheus(
            Self.matrix(
                #"{"metric":{"pod":"a"},"values":[[1767225600,"1"],[1767225615,"2"],[1767225645,"NaN"],"#
                    + #"[1767225660,"5"]]},{"metric":{"pod":"b"},"values":[[1767225615,"4"]]}"#))
        let plugin = PrometheusPlugin(client: client, files: FakeFiles())
        let range = try await range(plugin, #"{"address":"http://p","query":"up"}"#)
        #expect(range.points.map { ($0.atMicroseconds / 1_000_000 - Self.start) } == [0, 15, 60])
        #expect(range.points.map(\.value) == [1, 3, 5])
        #expect(range.detail?.contains("the average of 2 series") == true)
        let request = try #require(client.requests.first)
        #expect(request.url == "http://p/api/v1/query_range")
        let form = String(decoding: request.body ?? [], as: UTF8.self)
        #expect(form.contains("start=2026-01-01T00%3A00%3A00.000Z"))
        #expect(form.contains("end=2026-01-01T00%3A01%3A00.000Z"))
        #expect(form.contains("step=15"))
    }

    @Test("Without any value it is no data; what a reading refuses, a history refuses")
    func refused() async throws {
        let empty = PrometheusPlugin(client: FakePrometheus(Self.matrix("")), files: FakeFiles())
        await #expect { try await range(empty, #"{"address":"http://p","query":"up"}"#) } throws: {
            ($0 as? PluginError)?.kind == .noData
        }
        let two =
            #"{"metric":{"pod":"a"},"values":[[1767225600,"1"]]},{"metric":{"pod":"b"},"values":[[1767225600,"1"]]}"#
        let plugin = PrometheusPlugin(client: FakePrometheus(Self.matrix(two)), files: FakeFiles())
        await #expect {
            try await range(plugin, #"{"address":"http://p","query":"up"}"#, targetType: .averageValue)
        } throws: {
            ($0 as? PluginError)?.kind == .configInvalid
        }
    }

    @Test("An empty result is 0 where the config says so")
    func onEmpty() async throws {
        let plugin = PrometheusPlugin(
            client: FakePrometheus(Self.matrix(#"{"metric":{},"values":[[1767225615,"2"]]}"#)), files: FakeFiles())
        let range = try await range(plugin, #"{"address":"http://p","query":"up","onEmpty":"zero"}"#, steps: 2)
        #expect(range.points.map(\.value) == [0, 2, 0])
    }

    @Test("A result of null is empty, and a partial one is no data where the config says so")
    func nullAndPartial() async throws {
        let null = #"{"status":"success","data":{"resultType":"matrix","result":null}}"#
        let empty = PrometheusPlugin(client: FakePrometheus(null), files: FakeFiles())
        let zeros = try await range(empty, #"{"address":"http://p","query":"up","onEmpty":"zero"}"#, steps: 2)
        #expect(zeros.points.map(\.value) == [0, 0, 0])
        let partial =
            #"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[{"metric":{},"values":"#
            + #"[[1767225600,"1"]]},{"metric":{},"values":null}]}}"#
        let told = try await range(
            PrometheusPlugin(client: FakePrometheus(partial), files: FakeFiles()),
            #"{"address":"http://p","query":"up"}"#)
        #expect(told.points.map(\.value) == [1])
        #expect(told.detail?.contains("partial") == true)
        let refusing = PrometheusPlugin(client: FakePrometheus(partial), files: FakeFiles())
        await #expect {
            try await range(refusing, #"{"address":"http://p","query":"up","failOnWarnings":true}"#)
        } throws: {
            ($0 as? PluginError)?.kind == .noData
        }
    }

    @Test("A real server tells what it has stored")
    func realServer() async throws {
        let samples = (0..<5).map { "load{pod=\"a\"} \($0 * 10) \(Self.start + Int64($0) * 15)" }
        let text = "# TYPE load gauge\n" + samples.joined(separator: "\n") + "\n# EOF\n"
        try await PrometheusServer.run(.init(samples: text)) { server in
            let range = try await range(
                PrometheusPlugin(), #"{"address":"\#(server.address)","query":"load * 2"}"#)
            #expect(range.points.map(\.value) == [0, 20, 40, 60, 80])
            let scalar = try await self.range(PrometheusPlugin(), #"{"address":"\#(server.address)","query":"42"}"#)
            #expect(scalar.points.map(\.value) == [42, 42, 42, 42, 42])
        }
    }
}
