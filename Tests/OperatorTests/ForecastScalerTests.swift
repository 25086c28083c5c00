import ClusterSimulator
import ScalerAPI
import Scaling
import TestSupport
import Testing
import WireFormats

@testable import Operator

/// The environment's clock begins at 2026-01-01T00:00:00Z.
@Suite("A scaler with a forecast", .timeLimit(.minutes(5)))
struct ForecastScalerTests {
    /// When the load rises, in seconds of each day.
    private static let rise = 1_200

    /// 200 at night and 900 for eight hours a day, with a ripple that is not round.
    private static func load(_ microseconds: Int64) -> Double {
        let second = Int(microseconds / 1_000_000) % 86_400
        let ripple = Double((second / 300) % 7) / 3
        return (second >= rise && second < rise + 8 * 3_600 ? 900 : 200) + ripple
    }

    private static func spec(_ forecast: JSON) -> JSON {
        [
            "minReplicas": 1, "maxReplicas": 20,
            "metrics": [["type": "test", "targetValue": 100, "targetType": "AverageValue"]], "forecast": forecast,
        ]
    }

    private func environment(_ forecast: JSON, hasHistory: Bool = true) throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.answer { [clock = environment.clock] _ in Self.load(clock.wallMicroseconds()) }
        if hasHistory { environment.source.remember(Self.load) }
        try environment.api.create(TestEnvironment.scaler("web", Self.spec(forecast)))
        return environment
    }

    /// Polls until shortly before the load rises, and returns the most replicas until then.
    private func mostBeforeTheRise(_ fixture: OperatorFixture, _ environment: TestEnvironment) async throws -> Int {
        var most = 0
        while environment.clock.now.offset < .seconds(Self.rise - 60) {
            try await fixture.poll()
            most = max(most, try fixture.replicas() ?? 0)
        }
        return most
    }

    @Test("after a start, the history is read once and replicas are added before the load rises, also by a new leader")
    func active() async throws {
        let environment = try environment(["mode": "Active", "horizonSeconds": 300])
        // Ends before the horizon reaches the rise.
        try await OperatorFixture.run(environment) { (fixture) async throws in
            while environment.clock.now.offset < .seconds(300) { try await fixture.poll() }
            #expect(environment.source.rangeReads == 1)
            #expect(try fixture.replicas() ?? 0 <= 4)
        }
        try await OperatorFixture.run(environment) { (fixture) async throws in
            #expect(try await mostBeforeTheRise(fixture, environment) >= 9)
            #expect(environment.source.rangeReads == 2)
            let status = try fixture.status()
            #expect(status["limitedBy"]?.arrayValue?.contains("Forecast") == true)
            #expect(status["forecast"]?["active"] == true)
            #expect(status["forecast"]?["inactiveSince"] == nil)
            #expect(status["forecast"]?["metric"] == "test" && status["forecast"]?["horizonSeconds"] == 300)
            #expect(status["reason"]?.stringValue?.contains("is expected to reach 9") == true)
            let reasons = fixture.audit.all.compactMap { $0["decision"]?["reason"]?.stringValue }
            #expect(reasons.contains { $0.contains("within 5m") && $0.contains("pattern") })
        }
    }

    @Test("with mode Report the forecast is in the status and changes no replicas")
    func report() async throws {
        let environment = try environment(["mode": "Report", "horizonSeconds": 300])
        try await OperatorFixture.run(environment) { (fixture) async throws in
            #expect(try await mostBeforeTheRise(fixture, environment) == 3)
            let forecasts = await fixture.runtime.controller.snapshot().scalers[0].decision?.forecasts
            #expect(forecasts?.first?.isActive == false)
            #expect((forecasts?.first?.forecast.upper ?? 0) > 800)
            #expect(try fixture.status()["forecast"]?["active"] == false)
        }
    }

    @Test("the time since which a forecast is inactive stays through restarts, and ends with the forecast")
    func inactiveSince() async throws {
        let environment = try environment(["mode": "Report", "horizonSeconds": 300])
        var since: String?
        for end in [100, 200] {
            try await OperatorFixture.run(environment) { (fixture) async throws in
                while environment.clock.now.offset < .seconds(end) { try await fixture.poll() }
                let said = try fixture.status()["forecast"]?["inactiveSince"]?.stringValue
                #expect(said != nil && (since ?? said) == said)
                since = said
                let time = await fixture.runtime.controller.snapshot().scalers[0].forecastInactiveSince
                #expect(time?.rfc3339(.seconds) == since)
            }
        }
        try environment.api.patch(
            "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/web",
            ["spec": ["forecast": ["mode": "Off"]]])
        try await OperatorFixture.run(environment) { (fixture) async throws in
            try await fixture.poll(2)
            #expect(try fixture.status()["forecast"] == nil)
            #expect(await fixture.runtime.controller.snapshot().scalers[0].forecastInactiveSince == nil)
        }
    }

    @Test("a metric whose history cannot be read does not keep the others from a forecast")
    func unreadableHistory() async throws {
        var spec = Self.spec(["mode": "Active", "horizonSeconds": 300]).objectValue ?? [:]
        spec["metrics"] = [
            ["type": "broken", "targetValue": 100, "targetType": "AverageValue"],
            ["type": "test", "targetValue": 100, "targetType": "AverageValue"],
        ]
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.answer { [clock = environment.clock] _ in Self.load(clock.wallMicroseconds()) }
        environment.source.answer("broken") { _ in 1 }
        environment.source.remember(Self.load)
        environment.source.failHistory(of: "broken")
        try environment.api.create(TestEnvironment.scaler("web", .object(spec)))
        try await OperatorFixture.run(environment) { (fixture) async throws in
            #expect(try await mostBeforeTheRise(fixture, environment) >= 9)
        }
    }

    @Test("without a history the forecast learns from the readings, and the status says that it is learning")
    func learning() async throws {
        let environment = try environment(["mode": "Active", "horizonSeconds": 300], hasHistory: false)
        try await OperatorFixture.run(environment) { (fixture) async throws in
            #expect(try await mostBeforeTheRise(fixture, environment) == 3)
            #expect(environment.source.rangeReads == 1)
            let reason = try fixture.status()["forecast"]?["reason"]?.stringValue
            #expect(reason?.contains("has been compared with the simple rules for 0 hours") == true)
        }
    }

    @Test("the start-up time that was measured is the horizon, and is kept in the status")
    func horizon() throws {
        var state = ForecastState()
        let minute = Duration.seconds(60)
        let start = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
        state.measureStartup(from: start + minute, to: start + minute * 4, lastScaleUp: nil, interval: .seconds(15))
        #expect(state.startup == nil)
        // Not a scale-up began this.
        state.measureStartup(from: start + minute, to: start + minute * 4, lastScaleUp: start, interval: .seconds(15))
        #expect(state.startup == nil)
        state.measureStartup(
            from: start + .seconds(15), to: start + .seconds(187), lastScaleUp: start, interval: .seconds(15))
        #expect(state.startup == .seconds(187))
        state.measureStartup(
            from: start + .seconds(15), to: start + .seconds(107), lastScaleUp: start, interval: .seconds(15))
        #expect(state.startup == .seconds(167))
        state.measureStartup(
            from: start + .seconds(15), to: start + .seconds(90_000), lastScaleUp: start, interval: .seconds(15))
        #expect(state.startup == .seconds(3_600))
    }
}
