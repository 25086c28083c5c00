/// The rates of faults in one run, drawn once from the seed.
struct FaultPlan {
    let faults: Set<Fault>
    /// How many of 1,000 requests, and as many of the readings and watch events, meet a fault.
    let perMille: Int
    /// How long faults last.
    let faultPhase: Duration

    /// - Parameter only: the faults to have, instead of some, and often; empty for what the seed picks.
    init(_ dice: Dice, only: [Fault]) {
        // Few kinds of fault in one environment, many in another.
        let percent = dice.pick([8, 15, 30, 50, 80])
        let picked = Fault.allCases.filter { _ in dice.chance(percent: percent) }
        faults = Set(only.isEmpty ? picked : only)
        let often = dice.pick([5, 20, 60, 120])
        perMille = only.isEmpty ? often : 120
        faultPhase = dice.duration(120_000...300_000)
    }

    func has(_ fault: Fault) -> Bool { faults.contains(fault) }

    /// How long an operator may act on what is no longer so: what it knows of objects comes by watches.
    var blindness: Duration {
        .seconds(5) + faults.sorted { $0.rawValue < $1.rawValue }.map(\.blindness).reduce(.zero, max)
    }

    /// How long after a reading a decision that is made on it may reach the API server.
    var slowness: Duration {
        let isSlow = !faults.isDisjoint(with: [
            .tooManyRequests, .serverError, .slow, .requestLost, .answerLost, .lateArrival, .partition, .watchStalled,
            .watchLate, .watchCut, .compaction, .watchReordered,
        ])
        return .seconds(isSlow ? 160 : 20)
    }
}
