import HTTPTransport
import PluginSDK
import Synchronization
import TestSupport
import Testing
import WireFormats

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

    @Test("a history has the value of a reading at each time, and omits times without a value")
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
        // One step after the last time, for servers that align the window to earlier times.
        #expect(form.contains("end=2026-01-01T00%3A01%3A15.000Z"))
        #expect(form.contains("step=15"))
    }

    @Test("a history without any value is no data, and is refused for the same results as a reading")
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

    @Test("an empty history is 0 if the config sets that")
    func onEmpty() async throws {
        let plugin = PrometheusPlugin(
            client: FakePrometheus(Self.matrix(#"{"metric":{},"values":[[1767225615,"2"]]}"#)), files: FakeFiles())
        let range = try await range(plugin, #"{"address":"http://p","query":"up","onEmpty":"zero"}"#, steps: 2)
        #expect(range.points.map(\.value) == [0, 2, 0])
    }

    @Test(
        "a history from a server that aligns the window has a value at every time, and no invented one",
        arguments: [0, 1, 7_499_999, 7_500_000, 7_500_001, 9_123_457, 14_999_999] as [Int64])
    func alignedServer(offset: Int64) async throws {
        let from = Self.start * 1_000_000 + offset
        let window = try #require(
            RangeWindow(fromMicroseconds: from, toMicroseconds: from + 60_000_000, stepSeconds: 15))
        for config in [
            #"{"address":"http://p","query":"up"}"#, #"{"address":"http://p","query":"up","onEmpty":"zero"}"#,
        ] {
            let server = AlignedServer()
            let range = try await PrometheusPlugin(client: server, files: FakeFiles()).range(
                for: MetricRangeRequest(
                    config: try PrometheusConfig(parsing: config), targetType: .value, window: window,
                    deadline: .now + .seconds(30)))
            #expect(range.points.map(\.atMicroseconds) == Array(window.times))
            #expect(range.points.allSatisfy { $0.value >= 250 })
            for (point, next) in zip(range.points, range.points.dropFirst()) {
                #expect(next.value - point.value == 15)
            }
        }
    }

    @Test("the history from a real server has a value at each time of a window with sub-millisecond bounds")
    func oddWindow() async throws {
        let samples = (0..<9).map { "load \(100 + $0) \(Self.start + Int64($0) * 15)" }
        let text = "# TYPE load gauge\n" + samples.joined(separator: "\n") + "\n# EOF\n"
        try await PrometheusServer.run(.init(samples: text)) { server in
            let from = Self.start * 1_000_000 + 15_123_457
            let window = try #require(
                RangeWindow(fromMicroseconds: from, toMicroseconds: from + 44_900_001, stepSeconds: 15))
            let range = try await PrometheusPlugin().range(
                for: MetricRangeRequest(
                    config: try PrometheusConfig(parsing: #"{"address":"\#(server.address)","query":"load"}"#),
                    targetType: .value, window: window, deadline: .now + .seconds(30)))
            #expect(range.points.map(\.value) == [101, 102, 103])
            #expect(range.points.map(\.atMicroseconds) == Array(window.times))
        }
    }

    @Test("a null history is empty, and a partial one is no data if the config sets that")
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
        let gaps = try await range(
            PrometheusPlugin(client: FakePrometheus(partial), files: FakeFiles()),
            #"{"address":"http://p","query":"up","onEmpty":"zero"}"#, steps: 2)
        #expect(gaps.points.map(\.value) == [1])
        let refusing = PrometheusPlugin(client: FakePrometheus(partial), files: FakeFiles())
        await #expect {
            try await range(refusing, #"{"address":"http://p","query":"up","failOnWarnings":true}"#)
        } throws: {
            ($0 as? PluginError)?.kind == .noData
        }
    }

    @Test("the stored history of a real server is read")
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

/// A server that aligns the start and end of a range query to a multiple of the step, like VictoriaMetrics and the
/// query frontends of Thanos and Mimir. Its value is 250, and the seconds since the first possible time.
private struct AlignedServer: HTTPClient {
    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let pairs = String(decoding: request.body ?? [], as: UTF8.self).split(separator: "&").map { pair in
            let parts = pair.split(separator: "=")
            return (String(parts[0]), String(parts[1]).replacing("%3A", with: ":"))
        }
        let form = Dictionary(pairs, uniquingKeysWith: { $1 })
        guard let start = form["start"].flatMap(RFC3339.microseconds),
            let end = form["end"].flatMap(RFC3339.microseconds),
            let step = form["step"].flatMap({ Int64($0) })
        else { throw HTTPError(.invalidRequest, "no window") }
        let (first, last) = (start / 1_000_000 / step * step, end / 1_000_000 / step * step)
        let values = stride(from: first, through: last, by: Int(step)).map {
            #"[\#($0),"\#(265 + $0 - 1_767_225_600)"]"#
        }
        return HTTPResponse(
            status: 200,
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[\#(values.joined(separator: ","))]}]}}"#
        )
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let response = try await send(request)
        let body = Mutex<[UInt8]?>(response.body)
        return HTTPStream(head: response.head, nextChunk: { body.withLock { $0.take() } }, cancel: {})
    }
}
