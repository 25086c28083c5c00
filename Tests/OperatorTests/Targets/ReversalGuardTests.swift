import Scaling
import Testing

@testable import Operator

@Suite("Reverted changes")
struct ReversalGuardTests {
    private func at(_ minutes: Int64) -> Timestamp { Timestamp(microsecondsSince1970: minutes * 60_000_000) }

    /// Sets 5 and observes 2, that many times, a minute apart.
    private func revert(_ times: Int, from minute: Int64 = 0) -> ReversalGuard {
        var guarding = ReversalGuard()
        for round in 0..<Int64(times) {
            guarding.recordScale(to: 5)
            guarding.observe(current: 2, now: at(minute + round))
        }
        return guarding
    }

    @Test("three reverted changes in a row hold for ten minutes, and two do not")
    func hold() {
        #expect(!revert(2).isHolding(at: at(2)))
        let guarding = revert(3)
        #expect(guarding.isHolding(at: at(2)) && guarding.isHolding(at: at(11)))
        #expect(!guarding.isHolding(at: at(12)))
    }

    @Test("each further reverted change doubles the hold, up to an hour")
    func doubling() {
        var guarding = revert(3)
        var waits: [Duration] = []
        for _ in 0..<4 {
            guard let end = guarding.heldUntil else { break }
            guarding.recordScale(to: 5)
            #expect(!guarding.isHolding(at: end))
            guarding.observe(current: 2, now: end)
            if let next = guarding.heldUntil { waits.append(next - end) }
        }
        #expect(waits == [.seconds(1_200), .seconds(2_400), .seconds(3_600), .seconds(3_600)])
    }

    @Test("a change that has not been reverted by the next change ends the series")
    func peace() {
        var guarding = revert(2)
        guarding.recordScale(to: 5)
        guarding.observe(current: 5, now: at(3))
        guarding.recordScale(to: 6)
        guarding.observe(current: 2, now: at(4))
        #expect(!guarding.isHolding(at: at(4)))
    }

    @Test("further changes by another client after the first reversal count once")
    func once() {
        var guarding = ReversalGuard()
        guarding.recordScale(to: 5)
        for replicas in [2, 3, 4, 7] { guarding.observe(current: replicas, now: at(1)) }
        #expect(!guarding.isHolding(at: at(1)))
    }
}
