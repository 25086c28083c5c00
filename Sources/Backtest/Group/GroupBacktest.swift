package import Scaling
package import WireFormats

/// Backtests of several scalers at once, which decide within shared budgets.
package struct GroupBacktest: Sendable {
    package struct Member: Sendable {
        package let name: String
        package let backtest: Backtest
        /// The spec to show in a report.
        package let shownSpec: JSON

        package init(name: String, backtest: Backtest, shownSpec: JSON = .null) {
            self.name = name
            self.shownSpec = shownSpec
            self.backtest = backtest
        }
    }

    package let members: [Member]
    package let budgets: [BudgetOutline]
    /// The time from the start of the first trace to the end of the last one.
    package let start: Timestamp
    package let end: Timestamp

    package static let maxMembers = 100
    package static let maxBudgets = 50
    /// The maximum number of polls of all members together: a year of 10 members at 15 s.
    package static let maxPolls = 21_000_000
    /// Polls between two reports of progress.
    private static let progressInterval = 2_048

    /// - Throws: ``TraceError`` if there are too many members or polls, or traces of different times.
    package init(members: [Member], budgets: [BudgetOutline]) throws(TraceError) {
        guard let first = members.first, members.count <= Self.maxMembers, budgets.count <= Self.maxBudgets else {
            throw TraceError(
                "\(members.count) scalers and \(budgets.count) budgets cannot be simulated together: at most "
                    + "\(Self.maxMembers) and \(Self.maxBudgets)")
        }
        let traces = members.map(\.backtest.trace)
        for (member, trace) in zip(members, traces) {
            guard let other = zip(members, traces).first(where: { $1.start > trace.end }) else { continue }
            throw TraceError(
                "the trace of \(member.name) ends at \(trace.end.text), before that of \(other.0.name) begins at "
                    + "\(other.1.start.text): give traces of the same time")
        }
        let (start, end) = (
            traces.map(\.start).min() ?? first.backtest.trace.start, traces.map(\.end).max() ?? first.backtest.trace.end
        )
        let polls = members.reduce(0.0) { $0 + (end - start) / $1.backtest.spec.pollingInterval }
        guard polls <= Double(Self.maxPolls) else {
            throw TraceError(
                "the scalers have \(Int(min(polls, 1e15))) polls together, more than \(Self.maxPolls): give shorter traces"
            )
        }
        self.members = members
        self.budgets = budgets
        self.start = start
        self.end = end
    }

    /// Runs all members from the start of the first trace to the end of the last one. Members that are due at the same
    /// time decide in their order.
    ///
    /// A member holds its replicas before its trace begins and after it ends, like a scaler without data.
    ///
    /// - Parameters:
    ///   - budgets: the budgets before the first poll.
    ///   - onStep: called for each poll with the place of the member, in order.
    ///   - onStates: called once for each time of polls, after them.
    package func run<Failure: Error>(
        _ budgets: some SharedBudgets, onProgress: (Double) -> Void = { _ in },
        onStep: (Int, BacktestStep, [Int]) throws(Failure) -> Void,
        onStates: (Timestamp, [[LimitState]]) -> Void = { _, _ in }
    ) throws(Failure) -> GroupSummary {
        var budgets = budgets
        var runs = members.map { BacktestRun($0.backtest, from: start) }
        var tallies = self.budgets.map { BudgetTally($0) }
        var denied = members.map { _ in Duration.zero }
        var polls = 0
        var now = start
        while now <= end {
            for place in runs.indices where runs[place].now == now {
                var denials: [Int] = []
                let step = runs[place].step { input in
                    let decided = budgets.decide(input, member: place)
                    denials = decided.denied
                    return decided.outcome
                }
                budgets.settle(runs[place].current, member: place)
                let interval = runs[place].backtest.spec.pollingInterval
                for (index, replicas) in denials.enumerated() {
                    tallies[index].add(denied: replicas, member: place, at: now, for: interval)
                }
                if denials.contains(where: { $0 > 0 }) { denied[place] += interval }
                try onStep(place, step, denials)
                polls += 1
                if polls % Self.progressInterval == 0 { onProgress((now - start) / (end - start)) }
            }
            let next = runs.map(\.now).min() ?? end + .seconds(1)
            let states = budgets.states(at: now)
            for (index, states) in states.enumerated() { tallies[index].add(states, for: next - now) }
            onStates(now, states)
            now = next
        }
        onProgress(1)
        for index in tallies.indices { tallies[index].finish() }
        return GroupSummary(
            members: members.indices.map {
                GroupSummary.Member(name: members[$0].name, summary: runs[$0].summary, timeDenied: denied[$0])
            }, budgets: tallies)
    }
}
