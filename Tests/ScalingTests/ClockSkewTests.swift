import Testing

@testable import Scaling

@Suite("Clocks of sources")
struct ClockSkewTests {
    private static let now = at(0) + .microseconds(123_457)

    private func checked(_ age: Duration, maxAge: Duration = .seconds(60)) -> MetricObservation {
        let metric = MetricSpec(name: "rate", target: 100, targetType: .value, maxAge: maxAge)
        return MetricObservation.value(50, observedAt: Self.now + (.zero - age)).checked(by: metric, now: Self.now)
    }

    @Test("a value dated up to the clock skew in the future counts, and one a microsecond later is no data")
    func ahead() {
        let skew = MetricObservation.maxClockSkew
        #expect(checked(.zero - skew).value == 50)
        #expect(
            checked(.zero - skew - .microseconds(1))
                == .noData(
                    "the newest value is from 1m1s in the future: the clock of the source is ahead of the operator's by "
                        + "more than the 1m allowed"))
        #expect(checked(.seconds(-86_400 * 365)).value == nil)
        // The limit does not depend on the maximum age.
        #expect(checked(.zero - skew - .microseconds(1), maxAge: .seconds(300)).value == nil)
    }

    @Test("a value as old as allowed counts, and a microsecond older is no data, perhaps because of the clock")
    func behind() {
        #expect(checked(.seconds(60)).value == 50)
        #expect(
            checked(.seconds(60) + .microseconds(1))
                == .noData(
                    "the newest value is 1m1s old, older than the 1m allowed: the source has no newer one, or its clock "
                        + "is behind"))
        #expect(checked(.seconds(300), maxAge: .seconds(300)).value == 50)
        #expect(checked(.seconds(300) + .microseconds(1), maxAge: .seconds(300)).value == nil)
    }

    @Test("an assumed value for an empty result has the same age limits")
    func assumed() {
        let metric = MetricSpec(name: "rate", target: 100, targetType: .value)
        let future = MetricObservation.assumed(0, observedAt: Self.now + .seconds(61))
        #expect(future.checked(by: metric, now: Self.now).value == nil)
    }
}
