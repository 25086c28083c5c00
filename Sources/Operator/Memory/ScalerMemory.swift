import KubernetesClient
import ScalerAPI
import Scaling
import Synchronization
import SystemIO

/// The leader's memory of the past: the last state of each scaler, its changes, and its readings at two resolutions.
///
/// Bounded as a whole, see ``MemoryLimits``: with few scalers it reaches far back. The controller writes; readers copy
/// what they ask for and never delay a poll by more than that.
final class ScalerMemory: Sendable {
    /// The last state of one scaler.
    struct Entry: Sendable {
        let identity: ObjectIdentity
        /// Nil for an invalid spec. Has the configs of metrics, which are never encoded.
        fileprivate(set) var spec: GeneralScalerSpec?
        fileprivate(set) var generation: Int
        fileprivate(set) var status: ScalerStatus
        /// The names of its ScalingBudgets.
        fileprivate(set) var budgets: [String] = []
        /// The number of the state; increases with each poll of any scaler.
        fileprivate(set) var number: Int
        fileprivate var series: [Series] = []
    }

    fileprivate struct Series: Sendable {
        let name: String
        let id: UInt32
        /// When the next reading is kept for longer.
        var nextCoarse: UInt32 = 0
    }

    private struct State {
        /// Since when this process leads; nil on a standby.
        var since: Timestamp?
        var entries: [ObjectKey: Entry] = [:]
        var budgets: [String: BudgetView] = [:]
        var recent = ReadingRing()
        var coarse = ReadingRing()
        var decisions = FIFO<KeptDecision>()
        var decisionBytes = 0
        /// The number of the last state.
        var number = 0
        var decisionNumber = 0
        var lastSeries: UInt32 = 0
    }

    private let state = Mutex(State())

    // MARK: Writing

    /// Begins with nothing: another process decided before.
    func begin(at now: Timestamp) {
        state.withLock { state in
            let (number, decisionNumber) = (state.number, state.decisionNumber)
            state = State(since: now, number: number, decisionNumber: decisionNumber)
        }
    }

    /// Forgets everything, at the end of leadership.
    func end() { state.withLock { $0 = State(number: $0.number, decisionNumber: $0.decisionNumber) } }

    func forget(_ key: ObjectKey) {
        state.withLock { state in
            guard state.entries.removeValue(forKey: key) != nil else { return }
            state.number += 1
        }
    }

    /// Takes the outcome of a poll.
    ///
    /// - Parameter isChange: whether it belongs to the changes of the scaler.
    func take(
        _ verdict: ScalerVerdict, isChange: Bool, of identity: ObjectIdentity, spec: GeneralScalerSpec?,
        generation: Int, status: ScalerStatus, budgets: [String] = [], at now: Timestamp
    ) {
        state.withLock { state in
            guard state.since != nil else { return }
            state.number += 1
            let former = state.entries.removeValue(forKey: identity.key).flatMap { $0.identity == identity ? $0 : nil }
            var entry =
                former
                ?? Entry(identity: identity, spec: spec, generation: generation, status: status, number: state.number)
            entry.spec = spec
            entry.generation = generation
            entry.status = status
            entry.budgets = budgets
            entry.number = state.number
            if case .decided(let decision, _) = verdict { Self.keepReadings(of: decision, &entry, &state) }
            state.entries[identity.key] = entry
            if isChange { Self.keep(verdict, of: identity, at: now, &state) }
        }
    }

    private static func keepReadings(of decision: Decision, _ entry: inout Entry, _ state: inout State) {
        let seconds = UInt32(clamping: decision.time.microsecondsSince1970 / 1_000_000)
        let scalers = state.entries.count + 1
        for metric in decision.metrics {
            guard let index = entry.index(of: metric.name, last: &state.lastSeries) else { continue }
            let reading = KeptReading(
                series: entry.series[index].id, seconds: seconds,
                value: metric.observation.value.map { Float($0) } ?? .nan,
                current: Int32(clamping: decision.current), recommended: Int32(clamping: decision.recommended))
            state.recent.append(reading, within: MemoryLimits.recentBytes(scalers: scalers))
            // Further ahead than a step: the clock was set back.
            let next = entry.series[index].nextCoarse
            guard seconds >= next || next - seconds > MemoryLimits.coarseSeconds else { continue }
            entry.series[index].nextCoarse =
                (seconds / MemoryLimits.coarseSeconds + 1) * MemoryLimits.coarseSeconds
            state.coarse.append(reading, within: MemoryLimits.coarseBytes(scalers: scalers))
        }
    }

    private static func keep(
        _ verdict: ScalerVerdict, of identity: ObjectIdentity, at now: Timestamp, _ state: inout State
    ) {
        state.decisionNumber += 1
        let decision = KeptDecision(number: state.decisionNumber, time: now, scaler: identity, verdict: verdict)
        state.decisionBytes += decision.bytes
        state.decisions.append(decision)
        let limit = MemoryLimits.decisionBytes(scalers: state.entries.count)
        while state.decisionBytes > limit, let oldest = state.decisions.popFirst() {
            state.decisionBytes -= oldest.bytes
        }
    }

    /// Takes the state of a budget. Of more than ``MemoryLimits/budgets``, further ones are not remembered.
    func take(_ budget: BudgetView) {
        state.withLock { state in
            guard state.since != nil,
                state.budgets[budget.name] != nil || state.budgets.count < MemoryLimits.budgets
            else { return }
            state.budgets[budget.name] = budget
        }
    }

    func forgetBudget(_ name: String) { state.withLock { $0.budgets[name] = nil } }

    // MARK: Reading

    /// All budgets, by name.
    var budgets: [BudgetView] { state.withLock { $0.budgets.values.sorted { $0.name < $1.name } } }

    /// The states that are newer than a number.
    struct Changes: Sendable {
        /// Since when this process leads; nil on a standby.
        let since: Timestamp?
        /// The number of the newest state.
        let number: Int
        let entries: [Entry]
        let scalers: Int
    }

    /// - Parameter number: that of the last state that the reader has; 0 for all.
    func changes(after number: Int) -> Changes {
        state.withLock { state in
            let entries = state.number == number ? [] : state.entries.values.filter { $0.number > number }
            return Changes(
                since: state.since, number: state.number, entries: entries, scalers: state.entries.count)
        }
    }

    /// Returns the changes after a number, oldest first, of one scaler or of all.
    ///
    /// - Parameter limit: the maximum number of changes; the newest ones are returned.
    func decisions(after number: Int, of key: ObjectKey? = nil, limit: Int) -> [KeptDecision] {
        state.withLock { state in
            guard state.decisionNumber > number else { return [] }
            var found: [KeptDecision] = []
            state.decisions.forEachNewestFirst { decision in
                guard decision.number > number, found.count < limit else { return false }
                if key == nil || decision.scaler.key == key { found.append(decision) }
                return true
            }
            return found.reversed()
        }
    }

    /// What is kept of one scaler.
    struct Past: Sendable {
        struct Metric: Sendable {
            let name: String
            let readings: [KeptReading]
        }

        let entry: Entry
        let since: Timestamp
        let metrics: [Metric]
    }

    /// Returns the state and the readings of a scaler, oldest first: the coarse ones up to the first recent one.
    func past(of key: ObjectKey) -> Past? {
        state.withLock { state in
            guard let since = state.since, let entry = state.entries[key] else { return nil }
            let names = Set(entry.series.map(\.id))
            var readings: [UInt32: [KeptReading]] = [:]
            var recent: [UInt32: [KeptReading]] = [:]
            state.recent.forEach(of: names) { recent[$0.series, default: []].append($0) }
            state.coarse.forEach(of: names) { reading in
                guard reading.seconds < recent[reading.series]?.first?.seconds ?? .max else { return }
                readings[reading.series, default: []].append(reading)
            }
            let metrics = entry.series.map {
                Past.Metric(name: $0.name, readings: readings[$0.id, default: []] + recent[$0.id, default: []])
            }
            return Past(entry: entry, since: since, metrics: metrics)
        }
    }

    /// The bytes of all readings and decisions.
    var bytes: Int { state.withLock { $0.recent.bytes + $0.coarse.bytes + $0.decisionBytes } }
}

extension ScalerMemory.Entry {
    /// Returns the series of a metric, and adds it if it is new; nil if there are too many.
    fileprivate mutating func index(of metric: String, last: inout UInt32) -> Int? {
        if let index = series.firstIndex(where: { $0.name == metric }) { return index }
        guard series.count < MemoryLimits.metricsPerScaler else { return nil }
        last &+= 1
        series.append(ScalerMemory.Series(name: metric, id: last))
        return series.count - 1
    }
}
