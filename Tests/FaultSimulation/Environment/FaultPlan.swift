/// The rates of faults in one run, drawn once from the seed.
struct FaultPlan {
    let faults: Set<Fault>
    /// The number of requests, readings and watch events per 1,000 that meet a fault.
    let perMille: Int
    /// The duration of the fault phase.
    let faultPhase: Duration

    /// - Parameter only: the faults to inject, at a high rate; empty for the seed's selection.
    init(_ random: RandomSource, only: [Fault]) {
        // Few kinds of fault in one environment, many in another.
        let percent = random.pick([8, 15, 30, 50, 80])
        let picked = Fault.allCases.filter { _ in random.chance(percent: percent) }
        faults = Set(only.isEmpty ? picked : only)
        let often = random.pick([5, 20, 60, 120])
        perMille = only.isEmpty ? often : 120
        faultPhase = random.duration(120_000...300_000)
    }

    func has(_ fault: Fault) -> Bool { faults.contains(fault) }

    /// How long an operator may act on outdated state, which it receives through watches.
    var blindness: Duration {
        .seconds(5) + faults.sorted { $0.rawValue < $1.rawValue }.map(\.blindness).reduce(.zero, max)
    }

    /// How long after a reading a decision based on it may reach the API server.
    var slowness: Duration {
        let isSlow = !faults.isDisjoint(with: [
            .tooManyRequests, .serverError, .slow, .requestLost, .answerLost, .lateArrival, .partition, .watchStalled,
            .watchLate, .watchCut, .compaction, .watchReordered,
        ])
        return .seconds(isSlow ? 160 : 20)
    }
}
