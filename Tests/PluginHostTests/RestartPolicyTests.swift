import Testing

@testable import PluginHost

@Suite("The restart policy")
struct RestartPolicyTests {
    @Test("the restart delay doubles from one second with each failure in a row")
    func doubling() {
        var policy = RestartPolicy()
        let delays = (0..<4).map { policy.ended(upFor: nil, now: .seconds($0), random: 0.5).delay }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
    }

    @Test("the restart delay has jitter around its middle and never exceeds the maximum")
    func jitter() {
        var low = RestartPolicy()
        var high = RestartPolicy()
        let (shortest, longest) = (
            low.ended(upFor: nil, now: .zero, random: 0).delay, high.ended(upFor: nil, now: .zero, random: 1).delay
        )
        #expect((.milliseconds(799)...(.milliseconds(801))).contains(shortest))
        #expect((.milliseconds(1_199)...(.milliseconds(1_201))).contains(longest))
        // Far enough apart that the breaker stays closed.
        let delays = (1..<12).map { high.ended(upFor: nil, now: .seconds($0 * 200), random: 1).delay }
        #expect(delays.last == PluginHostLimits.maxRestartDelay)
    }

    @Test("a run of ten minutes resets the restart delay")
    func healthy() {
        var policy = RestartPolicy()
        for second in 0..<3 { _ = policy.ended(upFor: nil, now: .seconds(second), random: 0.5) }
        #expect(policy.ended(upFor: .seconds(599), now: .seconds(700), random: 0.5).delay == .seconds(8))
        #expect(policy.ended(upFor: .seconds(600), now: .seconds(1_400), random: 0.5).delay == .seconds(1))
    }

    @Test("five crashes in ten minutes open the circuit breaker, and a probe that fails keeps it open")
    func breaker() {
        var policy = RestartPolicy()
        let verdicts = (0..<5).map { policy.ended(upFor: .seconds(1), now: .seconds($0 * 100), random: 0.5) }
        #expect(verdicts.map(\.isBroken) == [false, false, false, false, true])
        #expect(verdicts.last?.delay == .seconds(300))
        let probe = policy.ended(upFor: .seconds(30), now: .seconds(5_000), random: 0.5)
        #expect(probe == RestartPolicy.Verdict(delay: .seconds(300), isBroken: true))
        let recovered = policy.ended(upFor: .seconds(600), now: .seconds(10_000), random: 0.5)
        #expect(recovered == RestartPolicy.Verdict(delay: .seconds(1), isBroken: false))
    }

    @Test("crashes that are more than ten minutes apart leave the circuit breaker closed")
    func window() {
        var policy = RestartPolicy()
        for round in 0..<20 {
            #expect(!policy.ended(upFor: nil, now: .seconds(round * 151), random: 0.5).isBroken)
        }
    }

    @Test("a graceful stop waits for the process, then sends SIGTERM, then SIGKILL")
    func gracefulStop() {
        var stop = StopSequence(isGraceful: true, now: .seconds(10))
        #expect(stop.next(now: .seconds(11)) == nil)
        #expect(stop.nextWake == .seconds(12))
        #expect(stop.next(now: .seconds(12)) == .terminate)
        #expect(stop.next(now: .seconds(14)) == nil)
        #expect(stop.next(now: .seconds(15)) == .kill)
        #expect(stop.next(now: .seconds(99)) == nil)
        #expect(stop.nextWake == nil)
    }

    @Test("an abandoned process gets SIGTERM immediately")
    func abruptStop() {
        var stop = StopSequence(isGraceful: false, now: .seconds(10))
        #expect(stop.next(now: .seconds(10)) == .terminate)
        #expect(stop.nextWake == .seconds(13))
    }
}
