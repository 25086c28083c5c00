import ClusterSimulator
import Scaling
import TestSupport
import Testing
import WireFormats

@testable import Operator

/// The environment's clock begins at 2026-01-01T00:00:00Z, a Thursday.
@Suite("A scaler with schedules", .timeLimit(.minutes(5)))
struct ScheduledScalerTests {
    /// From 00:10:00 to 00:25:00, with polls every ten minutes.
    private static let spec: JSON = [
        "minReplicas": 1, "pollingIntervalSeconds": 600,
        "schedules": [
            ["name": "quarter", "start": "10 0 * * *", "duration": "15m", "minReplicas": 6],
            [
                "name": "later", "start": "10 19 31 12 *", "end": "25 19 31 12 *", "timeZone": "America/New_York",
                "maxReplicas": 8,
            ],
        ],
        "safety": ["scaleDownCooldownSeconds": 0, "maxScaleDownRate": "100%", "scaleDownStabilizationSeconds": 0],
    ]

    private func environment(_ spec: JSON = spec, replicas: Int = 2) throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: replicas)
        // As many as there are.
        environment.source.answer { _ in 100 }
        try environment.api.create(TestEnvironment.scaler("web", spec))
        return environment
    }

    @Test("a scaler is polled within 300 ms of a schedule's edge, regardless of its polling interval")
    func edges() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { (fixture) async throws in
            var scaledAt: [Duration] = []
            while environment.clock.now.offset < .seconds(1_600) {
                let patches = fixture.scalePatches.count
                try await fixture.poll()
                if fixture.scalePatches.count > patches { scaledAt.append(environment.clock.now.offset) }
                if environment.clock.now.offset > .seconds(700) { environment.source.answer { _ in 10 } }
            }
            #expect(scaledAt.count == 2)
            for (time, edge) in zip(scaledAt, [600, 1_500]) {
                #expect(time >= .seconds(edge) && time <= .seconds(edge) + .milliseconds(300), "\(time)")
            }
            #expect(try fixture.replicas() == 1)
            let audit = fixture.audit.all.map { $0["decision"]?["reason"]?.stringValue ?? "" }
            #expect(audit.contains { $0.contains("minReplicas is 6 until 00:25 UTC, by schedule quarter") })
        }
    }

    @Test("a decision at a schedule's edge reads the metrics again if their values are old")
    func freshReadings() async throws {
        let environment = try environment()
        environment.source.answer { [clock = environment.clock] _ in
            clock.now.offset < .seconds(599) ? 100 : 130
        }
        try await OperatorFixture.run(environment) { (fixture) async throws in
            while try fixture.replicas() == 2 { try await fixture.poll() }
            #expect(environment.clock.now.offset < .seconds(601))
            let decision = fixture.audit.all.last?["decision"]
            #expect(decision?["metrics"]?[0]?["value"]?.doubleValue == 130, "\(String(describing: decision))")
        }
    }

    @Test("the status shows the fields that schedules set, and /metrics shows the bounds in effect")
    func status() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { (fixture) async throws in
            try await fixture.poll()
            #expect(try fixture.status()["schedules"] == nil)
            while try fixture.replicas() == 2 { try await fixture.poll() }
            let status = try fixture.status()
            #expect(status["limitedBy"] == ["BoundsJump", "Schedule"])
            let schedules = try #require(status["schedules"]?.arrayValue)
            #expect(schedules.map { $0["field"] } == ["minReplicas", "maxReplicas"])
            #expect(schedules[0]["until"] == "2026-01-01T00:25:00.000Z")
            #expect(schedules[1]["until"] == "2026-01-01T00:25:00.000Z")
            #expect(schedules[1]["timeZone"] == "America/New_York")
            let bounds = await fixture.runtime.controller.snapshot().scalers.map(\.bounds)
            #expect(bounds == [6...8])
            #expect(try fixture.condition("ScalingLimited")?["status"] == "False")
        }
    }

    @Test("a schedule's edge that passed while no operator ran takes effect at the next start")
    func restart() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll()
            #expect(try fixture.replicas() == 2)
        }
        environment.clock.advance(by: .seconds(777))
        try await OperatorFixture.run(environment) { fixture in
            while try fixture.replicas() != 6 { try await fixture.poll() }
            #expect(fixture.seconds < 900)
            environment.source.answer { _ in 10 }
        }
        environment.clock.advance(by: .seconds(900))
        try await OperatorFixture.run(environment) { fixture in
            while try fixture.replicas() != 1 { try await fixture.poll() }
            #expect(try fixture.status()["schedules"] == nil)
        }
    }

    @Test("a schedule's edge that passed without a leader takes effect under the next leader")
    func leaderChange() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        try await environment.pass([first], limit: .seconds(900)) { environment.clock.now.offset > .seconds(595) }
        #expect(try environment.replicas() == 2)
        await first.kill()
        let second = Replica("second", in: environment)
        try await environment.pass([second]) { try environment.replicas() == 6 }
        #expect(environment.clock.now.offset < .seconds(640))
        try await second.stop()
    }

    @Test("a scaler with an unknown time zone holds and reports the cause, and scales once the zone is corrected")
    func unknownZone() async throws {
        let environment = try environment([
            "minReplicas": 3,
            "schedules": [
                [
                    "name": "day", "start": "0 8 * * *", "end": "0 18 * * *", "timeZone": "Mars/Olympus",
                    "maxReplicas": 4,
                ]
            ],
        ])
        try await OperatorFixture.run(environment) { (fixture) async throws in
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 2)
            #expect(try fixture.condition("Ready")?["reason"] == "InvalidSpec")
            let message = try fixture.condition("Ready")?["message"]?.stringValue
            #expect(message?.contains("spec.schedules[0].timeZone: \"Mars/Olympus\" is not a time zone") == true)
            try fixture.edit("web", ["schedules": []])
            try await fixture.wait { try fixture.replicas() == 3 }
        }
    }
}
