import Backtest
import Scaling
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI

@Suite("A dry run", .timeLimit(.minutes(5)))
struct DryRunTests {
    /// Two hours that end with a gap: noise around the target, a spike, a quiet period.
    private static let values: [Double?] = {
        var random = SplitMix64(seed: 20_261_124)
        return (0..<480).map { poll in
            if (400..<440).contains(poll) { return nil }
            let base = (100..<160).contains(poll) ? 260.0 : (250..<330).contains(poll) ? 20 : 95
            return (base + Double.random(in: -40...40, using: &random)).rounded()
        }
    }()

    @Test("a dry run and a simulation of the same scaler on the same values decide the same at every poll")
    func agreesWithSimulation() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 4)
        let seen = Mutex<[Trace.Sample]>([])
        environment.source.answer { [clock = environment.clock] (_) throws(PluginFailure) in
            let value = seen.withLock { samples -> Double? in
                let value = samples.count < Self.values.count ? Self.values[samples.count] : nil
                samples.append(
                    Trace.Sample(
                        time: Timestamp(microsecondsSince1970: clock.wallMicroseconds()),
                        cells: [value.map { .value($0) } ?? .failed], replicas: 4))
                return value
            }
            guard let value else { throw PluginFailure(.notRunning, plugin: "test", "the trace has a failed reading") }
            return value
        }
        let spec: JSON = [
            "mode": "DryRun", "safety": ["cooldownSeconds": 60], "fallback": ["behavior": "Static", "replicas": 6],
        ]
        var live: [Decision] = []
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", spec))
            for _ in 0...Self.values.count {
                try await fixture.poll()
                live += await fixture.runtime.controller.snapshot().scalers.compactMap(\.decision)
            }
            #expect(fixture.scalePatches.isEmpty)
        }
        let scaler = try GeneralScalerSpec.parse(TestEnvironment.scaler("web", spec)["spec"] ?? .null).get()
        let backtest = try Backtest(
            spec: scaler.scalingSpec { _, _ in BuiltinMetricTypes.Declaration(targetType: .value, maxAge: nil) },
            trace: Trace(metrics: ["test"], samples: Array(seen.withLock(\.self).dropFirst())))
        var simulated: [Decision] = []
        _ = backtest.run { (step: BacktestStep) throws(Never) in simulated.append(step.decision) }
        // The first poll follows the creation immediately; the second, still out of step, shares its reading.
        live.removeFirst(2)
        #expect(simulated.count == live.count)
        for (live, simulated) in zip(live, simulated) {
            #expect(live == simulated)
        }
        #expect(Set(live.map(\.desired)).count > 3)
    }
}
