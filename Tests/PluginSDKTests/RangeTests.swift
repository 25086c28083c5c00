import PluginProtocol
import Testing
import WireFormats

@testable import PluginSDK

@Suite("Plugins with a history", .timeLimit(.minutes(5))) struct RangeTests {
    private static func request(_ config: String = "{}", from: Int = 0, to: Int = 20, step: Int = 10) -> String {
        func time(_ second: Int) -> String {
            RFC3339.text(microseconds: Int64(second) * 1_000_000, precision: .seconds)
        }
        return #"{"jsonrpc":"2.0","id":1,"method":"get_metric_range","params":{"type":"test","config":\#(config),"#
            + #""targetType":"Value","from":"\#(time(from))","to":"\#(time(to))","stepSeconds":\#(step),"#
            + #""deadlineMs":5000}}"#
    }

    private func answer(to line: String, of plugin: some MetricPlugin = RampPlugin()) async throws -> PluginMessage {
        var answer: PluginMessage?
        try await withLoop(plugin) { host in
            host.send(
                SessionScript.initialize.replacing(#""maxResponseBytes":2000"#, with: #""maxResponseBytes":900000"#))
            _ = try await host.receive()
            host.send(line)
            answer = try await host.receive()
        }
        return try #require(answer)
    }

    @Test("the handshake shows whether a plugin has a history")
    func capability() {
        #expect(RampPlugin.identity.capabilities.range)
        #expect(!PlainPlugin.identity.capabilities.range)
    }

    @Test("the points of a history are returned in the order of time, with their values")
    func points() async throws {
        guard case .result(1, let json) = try await answer(to: Self.request()) else { throw SessionScript.Unexpected() }
        let range = try MetricRange(JSONReader(json))
        #expect(range.points.map(\.value) == [0, 10, 20])
        #expect(range.points.map(\.atMicroseconds) == [0, 10_000_000, 20_000_000])
        #expect(range.unit == "s")
        #expect(range.detail == "seen with ***")
    }

    @Test("the history of the longest window fits into an answer")
    func longest() async throws {
        let line = Self.request(from: 0, to: (ProtocolLimits.maxRangePoints - 1) * 60, step: 60)
        guard case .result(1, let json) = try await answer(to: line) else { throw SessionScript.Unexpected() }
        #expect(try MetricRange(JSONReader(json)).points.count == ProtocolLimits.maxRangePoints)
    }

    @Test(
        "an invalid history window is refused",
        arguments: [(0, -1, 10), (0, 20, 0), (0, ProtocolLimits.maxRangePoints * 60, 60)])
    func window(from: Int, to: Int, step: Int) async throws {
        let error = try await answer(to: Self.request(from: from, to: to, step: step)).error
        #expect(error?.kind == .invalidParams)
    }

    @Test("a history without points is no data")
    func empty() async throws {
        let error = try await answer(to: Self.request(#"{"skip":"all"}"#)).error
        #expect(error?.kind == .noData)
    }

    @Test(
        "history points that are out of order or not finite are reported as an error of the plugin",
        arguments: ["backwards", "nan"])
    func faults(skip: String) async throws {
        let error = try await answer(to: Self.request(#"{"skip":"\#(skip)"}"#)).error
        #expect(error?.kind == .internalError)
    }

    @Test("a plugin without a history answers the request with method not found")
    func unknown() async throws {
        let error = try await answer(to: Self.request(), of: PlainPlugin()).error
        #expect(error?.kind == .methodNotFound)
    }
}

private struct PlainPlugin: MetricPlugin {
    struct Config: MetricConfig {}

    static let metricType = "test"
    static let description = "Nothing."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading { MetricReading(0) }
}

/// A plugin whose value is the time in seconds.
private struct RampPlugin: RangeMetricPlugin {
    struct Config: MetricConfig {
        @Field("The failure to simulate.") var skip: String?
        @Field("A secret.") var token = Secret("canary-token")
    }

    static let metricType = "test"
    static let description = "The time."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading { MetricReading(0) }

    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let window = request.window
        let times = stride(
            from: window.fromMicroseconds, through: window.toMicroseconds, by: window.stepSeconds * 1_000_000)
        let points = times.map { MetricRange.Point(atMicroseconds: $0, value: Double($0) / 1_000_000) }
        let detail = "seen with \(request.config.token.reveal())"
        switch request.config.skip {
        case "all": return MetricRange(points: [])
        case "backwards": return MetricRange(points: points.reversed())
        case "nan": return MetricRange(points: [.init(atMicroseconds: 0, value: .nan)])
        default: return MetricRange(points: points, unit: "s", detail: detail)
        }
    }
}
