import PluginHost
import PluginProtocol
import Scaling
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Pushed readings", .timeLimit(.minutes(5)))
struct PushTests {
    private static let interval: Duration = .seconds(60)

    /// Returns a scaler that is polled every minute and whose source pushes.
    private func scaler(_ spec: JSON = [:]) -> JSON {
        let base: [String: JSON] = [
            "pollingIntervalSeconds": 60,
            "safety": ["scaleUpCooldownSeconds": 0, "maxScaleUpRate": 100],
        ]
        return TestEnvironment.scaler("web", .object(base.merging(spec.objectValue ?? [:]) { $1 }))
    }

    /// Runs an operator that has just polled, and polls again in a minute.
    private func run(
        replicas: Int, spec: JSON = [:], _ body: (TestEnvironment, OperatorFixture) async throws -> Void
    ) async throws {
        let environment = try TestEnvironment(targetType: .averageValue)
        try environment.deploy(replicas: replicas)
        environment.source.canPush()
        environment.source.answer { _ in Double(replicas) * 100 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(scaler(spec))
            try await fixture.poll(2)
            environment.clock.advance(by: .seconds(5))
            try await body(environment, fixture)
        }
    }

    @Test("a pushed reading starts a target at 0 immediately without a call to the plugin")
    func activation() async throws {
        try await run(replicas: 0, spec: ["minReplicas": 0]) { environment, fixture in
            let (reads, time) = (environment.source.reads, fixture.seconds)
            environment.source.push(250)
            await fixture.polls(3)
            let status = try fixture.status()
            #expect(status["desiredReplicas"] == 3)
            #expect(fixture.seconds == time)
            #expect(environment.source.reads == reads)
            #expect(status["reason"]?.stringValue?.contains("triggered by a pushed reading") == true)
            #expect(fixture.audit.all.last?["decision"]?["pushed"] == true)
        }
    }

    @Test("pushed readings do not bring two scaling events closer together than a polling interval")
    func apart() async throws {
        try await run(replicas: 2) { environment, fixture in
            environment.source.push(300)
            await fixture.polls(3)
            #expect(try fixture.replicas() == 3)
            let scaledAt = fixture.seconds
            for step in 1...10 {
                environment.source.answer { _ in 500 }
                environment.source.push(400 + Double(step))
                try await fixture.poll()
                #expect(try fixture.replicas() == 3)
            }
            #expect(fixture.seconds < scaledAt + 60)
            while try fixture.replicas() == 3 { try await fixture.poll() }
            #expect(fixture.seconds == scaledAt + 60)
        }
    }

    @Test("a target above 0 is polled at most once per second, however many readings are pushed")
    func bounded() async throws {
        try await run(replicas: 2) { environment, fixture in
            let reads = environment.source.reads
            environment.source.push(201)
            await fixture.polls(3)
            let time = environment.clock.now
            for value in 0..<50 { environment.source.push(202 + Double(value) / 100) }
            try await fixture.poll()
            #expect(environment.clock.now.offset - time.offset == ScalerController.pushSpacing)
            #expect(environment.source.reads == reads)
        }
    }

    @Test("the first pushed reading is used immediately even after a recent poll")
    func first() async throws {
        try await run(replicas: 2) { environment, fixture in
            try await fixture.poll()
            let time = fixture.seconds
            environment.source.push(300)
            await fixture.polls(4)
            #expect(fixture.seconds == time)
            #expect(try fixture.replicas() == 3)
        }
    }

    @Test("a pushed reading does not replace the next poll, which finds lost changes")
    func safetyNet() async throws {
        try await run(replicas: 2) { environment, fixture in
            let reads = environment.source.reads
            environment.source.push(201)
            await fixture.polls(3)
            #expect(environment.source.reads == reads)
            environment.source.answer { _ in 400 }
            try await fixture.poll()
            #expect(environment.source.reads == reads + 1)
            #expect(try fixture.replicas() == 4)
            #expect(try fixture.status()["reason"]?.stringValue?.contains("pushed") == false)
        }
    }

    @Test("a pushed reading is subject to the same limits as a polled one")
    func limits() async throws {
        try await run(replicas: 2, spec: ["safety": ["maxScaleUpRate": 1]]) { environment, fixture in
            environment.source.push(900)
            await fixture.polls(3)
            let status = try fixture.status()
            #expect(status["desiredReplicas"] == 3)
            #expect(status["limitedBy"]?.arrayValue?.contains("ScaleUpRate") == true)
        }
    }

    @Test("the operator allows the clock skew of the plugin protocol")
    func clockSkew() {
        #expect(MetricObservation.maxClockSkew == ProtocolLimits.maxClockSkew)
    }

    @Test("a pushed reading that is older than the latest or from the future is dropped")
    func stale() async throws {
        try await run(replicas: 2) { environment, fixture in
            environment.source.push(900, age: .seconds(30))
            environment.source.push(900, age: .seconds(-61))
            try await fixture.poll()
            #expect(try fixture.replicas() == 2)
            let page = await fixture.runtime.page().text(.prometheus)
            #expect(page.contains(#"generalscaler_pushed_readings_total{type="test",outcome="dropped"} 2"#))
            #expect(page.contains("generalscaler_pushed_polls_total 0"))
        }
    }

    @Test("a scaler is subscribed once, and its subscription ends when its metric moves to a source that cannot push")
    func subscriptions() async throws {
        try await run(replicas: 2) { environment, fixture in
            #expect(environment.source.subscriptionCount == 1)
            environment.source.answer("quiet") { _ in 100 }
            try fixture.edit("web", ["metrics": [["type": "quiet", "targetValue": 100]]])
            await fixture.polls(3)
            #expect(environment.source.subscriptionCount == 0)
        }
    }

    @Test("a poll in progress uses a reading that is pushed during the poll, and the plugin is not called twice")
    func underWay() async throws {
        let clock = ManualClock()
        let source = ScriptedSource(now: clock.wallMicroseconds)
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        source.canPush()
        source.answer { _ in
            start.yield()
            for await _ in released { break }
            return 7
        }
        let time = clock.time
        let readings = SharedReadings(source: source, time: time, metrics: OperatorCounters())
        let query = ReadingQuery(type: "test", config: PluginConfig([:]), targetType: .value)
        let user = ObjectIdentity(namespace: "shop", name: "web", uid: "1")
        readings.subscribe(user, to: query, terms: .init(interval: .seconds(10), timeout: .seconds(1)))
        async let outcome = readings.outcome(of: query)
        for await _ in started { break }
        clock.advance(by: .milliseconds(1))
        source.push(9)
        let pushed = await outcome
        #expect(try pushed.get().value == 9)
        #expect(try await readings.outcome(of: query, takesPushed: true).get().value == 9)
        release.yield()
        #expect(source.reads == 1)
        readings.unsubscribe(user, from: query)
        #expect(source.subscriptionCount == 0)
    }
}
