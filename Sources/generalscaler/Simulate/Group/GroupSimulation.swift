import ArgumentParser
import Backtest
import CommandSupport
import Glibc
import ScalerAPI
import Scaling

/// The simulation of several scalers within the budgets over them.
struct GroupSimulation {
    let group: SimulatedGroup
    private let inputs: [SimulationInput]
    private let options: WorkloadOptions
    private let forecastMode: ForecastSpec.Mode?
    /// The backtests of the scalers as they are in the files, which say how much a replica can take.
    private var references: [Backtest] = []

    /// Reads the trace of each scaler, or fetches the history of its metrics.
    ///
    /// - Throws: ``FileProblem`` or ``TraceError`` if one is missing or malformed.
    init(
        _ group: SimulatedGroup, _ traces: SimulatedTraceOptions, _ history: HistoryOptions, _ options: WorkloadOptions,
        forecastMode: ForecastSpec.Mode?
    ) async throws {
        let keys = group.scalers.map(\.fullName)
        guard keys.count <= GroupBacktest.maxMembers, group.budgets.count <= GroupBacktest.maxBudgets else {
            throw TraceError(
                "the files have \(keys.count) GeneralScalers and \(group.budgets.count) ScalingBudgets, and at most "
                    + "\(GroupBacktest.maxMembers) and \(GroupBacktest.maxBudgets) are simulated together")
        }
        try options.requireKnown(keys)
        try Self.requireKnown(traces, keys)
        self.group = group
        self.options = options
        self.forecastMode = forecastMode
        inputs =
            history.from == nil
            ? try Self.read(group, traces) : try await Self.fetch(group, history)
        references = try backtests(GroupSweep.Changes(), group.specs())
    }

    private static func requireKnown(_ traces: SimulatedTraceOptions, _ keys: [String]) throws {
        for trace in traces.traces {
            guard let name = trace.scaler, !keys.contains(name), access("\(name)=\(trace.value)", F_OK) != 0 else {
                continue
            }
            throw ValidationError(
                "--trace: \(name) is no GeneralScaler of the files, which have \(keys.joined(separator: ", ")).")
        }
    }

    private static func read(_ group: SimulatedGroup, _ traces: SimulatedTraceOptions) throws -> [SimulationInput] {
        let keys = group.scalers.map(\.fullName)
        let known = group.scalers.flatMap { $0.parsed.metricNames }
        let zone = try traces.zone()
        var read: [String: Trace] = [:]
        return try group.scalers.map { scaler in
            guard let path = traces.path(of: scaler.fullName, known: keys) else {
                throw ValidationError("\(scaler.fullName) has no trace: add --trace \(scaler.fullName)=FILE.")
            }
            // Several scalers may have the same.
            let trace = try read[path] ?? TraceOptions.read(path, zone: zone)
            read[path] = trace
            return SimulationInput(
                trace: trace, scaler: scaler.fullName, metrics: scaler.parsed.metricNames + known)
        }
    }

    private static func fetch(_ group: SimulatedGroup, _ history: HistoryOptions) async throws -> [SimulationInput] {
        var inputs: [SimulationInput] = []
        for scaler in group.scalers {
            let others = group.scalers.filter { $0.fullName != scaler.fullName }
            var input = try await SimulationInput.read([scaler] + others, nil, history)
            input.gaps = input.gaps.map { "\(scaler.fullName): \($0)" }
            inputs.append(input)
        }
        return inputs
    }

    /// The reasons for gaps in histories.
    var gaps: [String] { inputs.flatMap(\.gaps) }

    /// The notes on how the traces were read.
    var notes: [String] { inputs.flatMap { input in input.trace.notes.map { "\(input.scaler): \($0)" } } }

    private func backtests(_ changes: GroupSweep.Changes, _ specs: [ScalingBudgetSpec]) throws -> [Backtest] {
        try zip(group.scalers, inputs).enumerated().map { index, member in
            let (scaler, input) = member
            let variant = forecastMode.flatMap { scaler.variants([$0]).first } ?? scaler
            do {
                return try input.backtest(
                    variant.spec(input.known, changed: changes.scalers[scaler.fullName]), options,
                    comparedWith: references.indices.contains(index) ? references[index] : nil,
                    price: group.price(of: scaler, specs))
            } catch let error as TraceError {
                throw TraceError(
                    input.isAsRead ? "\(scaler.fullName): \(error)" : "the trace of \(scaler.fullName) \(error)")
            }
        }
    }

    /// Returns the simulation with changed specs, and the budgets before the first poll.
    func prepared(
        _ changes: GroupSweep.Changes = GroupSweep.Changes()
    ) throws -> (backtest: GroupBacktest, budgets: SimulatedBudgets) {
        let specs = try group.specs(changed: changes.budgets)
        let members = zip(group.scalers, try backtests(changes, specs)).map {
            GroupBacktest.Member(name: $0.fullName, backtest: $1, shownSpec: $0.shownSpec)
        }
        let (start, outlines) = try group.budgets(specs, changed: changes.budgets, members)
        return (try GroupBacktest(members: members, budgets: outlines), start)
    }
}
