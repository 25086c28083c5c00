import TestSupport
import Testing

@testable import generalscaler_plugin_kubernetes

/// Held against the replicas that the HorizontalPodAutoscaler computes.
@Suite("The average over pods")
struct PodAverageTests {
    /// The algorithm of the HPA, written from its documentation and replica_calculator.go in its own terms: the ratio, the
    /// number of pods, and the current replicas.
    struct HPA {
        var tolerance = 0.1
        let isUtilization: Bool
        let target: Double

        func replicas(_ pods: [PodAverage.Pod], current: Int) -> Int? {
            var usage = pods.filter { $0.state == .counted }.map { ($0.value, $0.request) }
            let unready = pods.filter { $0.state == .unready }
            let missing = pods.filter { $0.state == .missing }
            guard let ratio = ratio(usage) else { return nil }
            let scalesUpWithUnready = !unready.isEmpty && ratio > 1
            if !scalesUpWithUnready, missing.isEmpty {
                return isWithinTolerance(ratio) ? current : ceiling(ratio * Double(usage.count))
            }
            if ratio < 1 {
                usage += missing.map { (isUtilization ? $0.request * max(100, target) / 100 : target, $0.request) }
            } else if ratio > 1 {
                usage += missing.map { (0, $0.request) }
            }
            if scalesUpWithUnready { usage += unready.map { (0, $0.request) } }
            guard let new = self.ratio(usage) else { return nil }
            if isWithinTolerance(new) || ratio < 1 && new > 1 || ratio > 1 && new < 1 { return current }
            let replicas = ceiling(new * Double(usage.count))
            if new < 1 && replicas > current || new > 1 && replicas < current { return current }
            return replicas
        }

        private func ratio(_ usage: [(Double, Double)]) -> Double? {
            let sum = usage.reduce(0) { $0 + $1.0 }
            guard !usage.isEmpty else { return nil }
            return isUtilization
                ? 100 * sum / usage.reduce(0) { $0 + $1.1 } / target : sum / Double(usage.count) / target
        }

        private func isWithinTolerance(_ ratio: Double) -> Bool { ratio >= 1 - tolerance && ratio <= 1 + tolerance }

        private func ceiling(_ number: Double) -> Int { Int((number - 1e-9).rounded(.up)) }
    }

    /// The rule of the operator for `targetType: Value`, as docs/explanation/safety.md states it.
    private static func replicas(average: Double, target: Double, current: Int, ready: Int) -> Int {
        let ratio = average / target
        func ceiling(_ number: Double) -> Int { Int((number - 1e-9).rounded(.up)) }
        if ratio >= 0.9 && ratio <= 1.1 { return current }
        if ratio > 1 { return max(current, ceiling(Double(min(ready, current)) * ratio)) }
        if ready * 2 < current { return current }
        return min(current, max(1, ceiling(Double(current) * ratio)))
    }

    private static func pods(
        _ counted: [Double], unready: Int = 0, missing: Int = 0, request: Double = 1, missingAreReady: Bool = true
    ) -> [PodAverage.Pod] {
        counted.map { PodAverage.Pod(state: .counted, value: $0, request: request) }
            + (0..<unready).map { _ in PodAverage.Pod(state: .unready, request: request, isReady: false) }
            + (0..<missing).map { _ in PodAverage.Pod(state: .missing, request: request, isReady: missingAreReady) }
    }

    private static func outcome(
        _ pods: [PodAverage.Pod], target: Double?, measure: PodAverage.Measure = .value
    ) -> PodAverage.Outcome? {
        PodAverage(measure: measure, target: target).outcome(pods)
    }

    @Test("pods that all count are averaged")
    func plain() {
        #expect(Self.outcome(Self.pods([0.3, 0.5, 0.7]), target: 0.25)?.average == 0.5)
        let uneven = [
            PodAverage.Pod(state: .counted, value: 0.3, request: 0.2), .init(state: .counted, value: 0.1, request: 0.6),
        ]
        // In binary, 0.1 + 0.2 is not 0.3, and neither is the quotient exact.
        let tenths = [
            PodAverage.Pod(state: .counted, value: 0.1, request: 0.3), .init(state: .counted, value: 0.2, request: 0.3),
        ]
        #expect(Self.outcome(tenths, target: 60, measure: .percentOfRequests)?.average == 50)
        #expect(Self.outcome(Self.pods([0.1, 0.2, 0.000_000_003]), target: 0.25)?.average == 0.100_000_001)
        // Usage over requests, not the average of the percentages.
        #expect(Self.outcome(uneven, target: 60, measure: .percentOfRequests)?.average == 50)
    }

    @Test("without a pod that counts, or with requests of 0, there is no average")
    func none() {
        #expect(Self.outcome([], target: 1) == nil)
        #expect(Self.outcome(Self.pods([], unready: 2, missing: 1), target: 1) == nil)
        #expect(Self.outcome(Self.pods([1], request: 0), target: 60, measure: .percentOfRequests) == nil)
    }

    @Test("unready pods do not count for a scale-down, and count 0 for a scale-up")
    func unready() {
        #expect(Self.outcome(Self.pods([0.2, 0.2], unready: 2), target: 0.5)?.average == 0.2)
        // 2 of 4 pods use 1.6 of a target of 0.5: HPA gives ceil(3.2 / 0.5) = 7.
        let up = Self.outcome(Self.pods([1.6, 1.6], unready: 2), target: 0.5)
        #expect(up?.average == 1.6 && up?.isHeld == false)
        // 2 of 4 pods at twice the target: if the others used nothing, the average would be at the target.
        #expect(Self.outcome(Self.pods([1, 1], unready: 2), target: 0.5) == .init(average: 0.5, isHeld: true))
    }

    @Test("missing pods use their whole request, or the target, for a scale-down")
    func missingDown() {
        #expect(abs((Self.outcome(Self.pods([0.1, 0.1], missing: 2), target: 0.5)?.average ?? 0) - 0.3) < 1e-9)
        // (2 * 10% + 1 * 100%) / 3
        let percent = Self.outcome(
            Self.pods([0.1, 0.1], missing: 1), target: 60, measure: .percentOfRequests)
        #expect(abs((percent?.average ?? 0) - 40) < 1e-9)
        // (10% + 100%) / 2 is 55% of a target of 60: within the tolerance.
        #expect(
            Self.outcome(Self.pods([0.1], missing: 1), target: 60, measure: .percentOfRequests)
                == .init(average: 60, isHeld: true))
        // A target above 100%: (50% + 150%) / 2 = 100% of 150.
        let high = Self.outcome(Self.pods([0.5], missing: 1), target: 150, measure: .percentOfRequests)
        #expect(high?.average == 100)
    }

    @Test("missing pods use nothing for a scale-up, which never becomes a scale-down")
    func missingUp() {
        #expect(Self.outcome(Self.pods([2, 2], missing: 2), target: 0.5)?.average == 1)
        #expect(Self.outcome(Self.pods([0.6], missing: 3), target: 0.5) == .init(average: 0.5, isHeld: true))
        #expect(Self.outcome(Self.pods([0.5], missing: 3), target: 0.5) == .init(average: 0.5))
    }

    @Test("without a target nothing is assumed")
    func input() {
        #expect(Self.outcome(Self.pods([2, 2], unready: 2, missing: 2), target: nil)?.average == 2)
        #expect(Self.outcome(Self.pods([2, 2], unready: 2, missing: 2), target: 0)?.average == 2)
    }

    @Test(
        "the operator computes the replicas of the HPA, for 20,000 random workloads",
        arguments: [PodAverage.Measure.value, .percentOfRequests])
    func random(measure: PodAverage.Measure) {
        var generator = SplitMix64(seed: 7_919)
        for _ in 0..<20_000 {
            let target = measure == .value ? Double.random(in: 0.05...2, using: &generator) : 60
            let pods = (0..<Int.random(in: 1...12, using: &generator)).map { _ -> PodAverage.Pod in
                let request = measure == .value ? 1 : Double.random(in: 0.1...1, using: &generator)
                let state: PodState =
                    [.counted, .counted, .counted, .unready, .missing].randomElement(using: &generator) ?? .counted
                let scale = measure == .value ? target : request * 0.6
                let value = state == .counted ? scale * Double.random(in: 0...3, using: &generator) : 0
                return PodAverage.Pod(
                    state: state, value: value, request: request,
                    isReady: state == .counted || state == .missing && Bool.random(using: &generator))
            }
            let current = pods.count
            let ready = pods.count(where: \.isReady)
            let hpa = HPA(isUtilization: measure == .percentOfRequests, target: target).replicas(pods, current: current)
            guard let outcome = Self.outcome(pods, target: target, measure: measure) else {
                #expect(hpa == nil)
                continue
            }
            let own = Self.replicas(average: outcome.average, target: target, current: current, ready: ready)
            guard let hpa else {
                Issue.record("the HPA has no value for \(pods)")
                continue
            }
            if hpa >= current {
                #expect(own == hpa, "\(pods), target \(target)")
            } else {
                // The HPA also removes the unready pods; the operator does not.
                #expect(own >= hpa && own <= current, "\(pods), target \(target)")
                let areAllCounted = pods.allSatisfy { $0.state == .counted }
                if areAllCounted { #expect(own == max(1, hpa)) }
            }
        }
    }
}
