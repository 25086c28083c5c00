package import Scaling
package import WireFormats

/// Searches for specs with less time out of the SLO, or fewer replica-hours, than a given one.
///
/// The search sees the beginning of the trace only; ``ParetoFront`` is then replayed on the whole trace, and evaluated on
/// the rest. Source: Paquete, Chiarandini and Stützle, "Pareto Local Optimum Sets in the Biobjective Traveling Salesman
/// Problem" (2004).
package struct TuneSearch {
    /// A spec, and how it did.
    package struct Point: Sendable {
        /// The option of each axis.
        package let choice: [Int]
        /// On the part of the trace that the search has seen.
        package let learned: BacktestSummary
        /// On the rest; nil until it is replayed.
        package var heldBack: BacktestSummary?
    }

    package struct Result: Sendable {
        package let space: TuneSpace
        /// The spec as written.
        package var own: Point
        /// The specs that no other one beats, with ascending replica-hours.
        package var front: [Point]
        /// The spec as written, with other targets alone, with ascending replica-hours.
        package let targetsAlone: [Point]
        package let runs: Int
        /// Whether the search ended because of its bound on runs or on time, not because it found nothing better.
        package let isBounded: Bool
        /// When the part begins that the search has not seen.
        package let split: Timestamp
    }

    private let space: TuneSpace
    private let reference: Backtest
    private let learned: Trace
    private let split: Timestamp
    private let maxRuns: Int
    private let makeSpec: (JSON) -> ScalingSpec?

    /// The part of the trace that the search does not see.
    package static let heldBackShare = 0.3
    /// The bound on runs.
    package static let maxRuns = 600
    /// The bound on polls of all runs, which limits the runs on a long trace.
    private static let maxPolls = 40_000_000
    /// Points beyond these multiples of the spec's own results are not explored.
    private static let maxReplicaHours = 1.5
    private static let maxTimeOutOfSLO = 2.0

    /// - Parameters:
    ///   - reference: the backtest of the spec as written, on the whole trace.
    ///   - makeSpec: returns nil if a changed spec is not valid.
    /// - Throws: ``TraceError`` if the trace is too short to hold back a part of it.
    package init(
        _ space: TuneSpace, reference: Backtest, makeSpec: @escaping (JSON) -> ScalingSpec?
    ) throws(TraceError) {
        self.space = space
        self.reference = reference
        self.makeSpec = makeSpec
        let trace = reference.trace
        let split = Self.split(trace)
        self.split = split
        learned = try Trace(
            metrics: trace.metrics, samples: Array(trace.samples.prefix { $0.time < split }), notes: trace.notes)
        let polls = max(1, Int((trace.end - trace.start) / reference.spec.pollingInterval))
        maxRuns = min(Self.maxRuns, max(60, Self.maxPolls / polls))
    }

    /// The time at which the part begins that the search does not see.
    package static func split(_ trace: Trace) -> Timestamp {
        trace.start + (trace.end - trace.start) * (1 - heldBackShare)
    }

    /// - Parameters:
    ///   - elapsed: the passed fraction of the time for the search.
    ///   - onProgress: called with the completed fraction of the bound.
    /// - Throws: ``TraceError`` if a metric of the spec is not in the trace.
    package func run(elapsed: () -> Double, onProgress: (Double) -> Void) async throws -> Result {
        var runs = Runs(search: self)
        try await runs.evaluate([space.own], onProgress) { false }
        guard var own = runs.known[space.own] else { throw TraceError("cannot be replayed") }
        func isOver() -> Bool { elapsed() >= Self.exploringShare }
        try await runs.evaluate(space.switches, onProgress, isOver: isOver)
        try await runs.evaluate(space.targetsAlone, onProgress, isOver: isOver)
        try await runs.evaluate(space.grid, onProgress, isOver: isOver)
        var explored: Set<[Int]> = []
        var isComplete = false
        while !runs.isExhausted, !isOver() {
            let next = runs.front(own).filter { explored.insert($0.choice).inserted }
            isComplete = next.isEmpty
            if isComplete { break }
            try await runs.evaluate(next.flatMap { space.neighbors($0.choice) }, onProgress, isOver: isOver)
        }
        var front = try await simplified(runs.front(own), &runs, onProgress) { elapsed() >= 1 }.filter {
            $0.choice != own.choice
        }
        for index in front.indices { front[index].heldBack = try heldBack(front[index]) }
        own.heldBack = try heldBack(own)
        onProgress(1)
        return Result(
            space: space, own: own, front: front,
            targetsAlone: space.targetsAlone.compactMap { runs.known[$0] }
                .sorted { $0.learned.replicaHours < $1.learned.replicaHours },
            runs: runs.known.count, isBounded: !isComplete, split: split)
    }

    /// What a search has replayed so far.
    private struct Runs {
        let search: TuneSearch
        var known: [[Int]: Point] = [:]

        var isExhausted: Bool { known.count >= search.maxRuns }

        /// Replays the choices that are not known yet, in batches, as far as the bounds allow.
        mutating func evaluate(
            _ choices: [[Int]], _ onProgress: (Double) -> Void, isOver: () -> Bool
        ) async throws {
            var seen: Set<[Int]> = []
            let new = choices.filter { known[$0] == nil && seen.insert($0).inserted }
            for start in stride(from: 0, to: new.count, by: TuneSearch.batch) {
                if isExhausted || isOver() { return }
                for point in try await search.points(Array(new[start...].prefix(TuneSearch.batch))) {
                    known[point.choice] = point
                }
                onProgress(min(1, Double(known.count) / Double(search.maxRuns)))
            }
        }

        func front(_ own: Point) -> [Point] {
            ParetoFront.of(Array(known.values), own: own.choice).filter { search.isRelevant($0, own) }
        }
    }

    /// Returns up to ``maxPoints`` of the front, evenly spread, each with every change undone that gains next to nothing.
    private func simplified(
        _ front: [Point], _ runs: inout Runs, _ onProgress: (Double) -> Void, isOver: () -> Bool
    ) async throws -> [Point] {
        let count = min(front.count, Self.maxPoints)
        var simplified: [Point] = []
        for index in 0..<count {
            var point = front[count == 1 ? 0 : index * (front.count - 1) / (count - 1)]
            for axis in space.axes.indices where point.choice[axis] != space.own[axis] {
                var choice = point.choice
                choice[axis] = space.own[axis]
                try await runs.evaluate([choice], onProgress, isOver: isOver)
                if let simpler = runs.known[choice], isNearly(simpler.learned, point.learned) { point = simpler }
            }
            simplified.append(point)
        }
        return ParetoFront.of(simplified, own: space.own)
    }

    private func isNearly(_ simpler: BacktestSummary, _ summary: BacktestSummary) -> Bool {
        simpler.replicaHours <= summary.replicaHours * (1 + Self.negligible)
            && simpler.timeOutOfSLO
                <= summary.timeOutOfSLO * (1 + Self.negligible) + summary.time * Self.negligibleTimeShare
    }

    /// The proposals at most.
    private static let maxPoints = 12
    /// The share of the time in which the search explores; the rest is for simplifying.
    private static let exploringShare = 0.75
    /// Relative losses that a simpler proposal may have.
    private static let negligible = 0.01
    /// And of the whole time, one minute in a week.
    private static let negligibleTimeShare = 0.0001
    /// Runs at the same time at most.
    private static let batch = 16

    private func isRelevant(_ point: Point, _ own: Point) -> Bool {
        point.learned.replicaHours <= own.learned.replicaHours * Self.maxReplicaHours
            && (point.learned.timeOutOfSLO <= own.learned.timeOutOfSLO * Self.maxTimeOutOfSLO
                || point.learned.replicaHours <= own.learned.replicaHours
                    && point.learned.timeOutOfSLO <= own.learned.time * Self.toleratedShare)
    }

    /// A share of time out of the SLO that is still explored, if the spec as written has less.
    private static let toleratedShare = 0.01

    private func points(_ choices: [[Int]]) async throws -> [Point] {
        let backtests = try choices.map { choice in try backtest(choice, on: learned).map { (choice, $0) } }
        return await withTaskGroup(of: Point.self) { group in
            for case (let choice, let backtest)? in backtests {
                group.addTask { Point(choice: choice, learned: backtest.run { _ in }) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func heldBack(_ point: Point) throws -> BacktestSummary? {
        try backtest(point.choice, on: reference.trace)?.run(countingFrom: split) { _ in }
    }

    private func backtest(_ choice: [Int], on trace: Trace) throws -> Backtest? {
        guard let json = space.spec(choice), let spec = makeSpec(json) else { return nil }
        return try Backtest(spec: spec, trace: trace, workload: reference.workload, reference: reference)
    }
}

/// The points that no other point beats in both measures.
package enum ParetoFront {
    /// Returns the front, with ascending replica-hours. Of points with the same results, the one with the fewest changes.
    ///
    /// - Parameter own: the choice that changes nothing.
    package static func of(_ points: [TuneSearch.Point], own: [Int]) -> [TuneSearch.Point] {
        func changes(_ point: TuneSearch.Point) -> Int { zip(point.choice, own).count { $0 != $1 } }
        let sorted = points.sorted { left, right in
            let (a, b) = (left.learned, right.learned)
            if a.replicaSeconds != b.replicaSeconds { return a.replicaSeconds < b.replicaSeconds }
            if a.timeOutOfSLO != b.timeOutOfSLO { return a.timeOutOfSLO < b.timeOutOfSLO }
            if changes(left) != changes(right) { return changes(left) < changes(right) }
            return left.choice.lexicographicallyPrecedes(right.choice)
        }
        var front: [TuneSearch.Point] = []
        for point in sorted where front.last.map({ point.learned.timeOutOfSLO < $0.learned.timeOutOfSLO }) ?? true {
            front.append(point)
        }
        return front
    }
}
