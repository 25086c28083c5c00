package import Scaling
import WireFormats

/// What a shared budget did in a simulation.
package struct BudgetTally: Sendable, Hashable {
    /// What one limit did.
    package struct Limit: Sendable, Hashable {
        /// The lowest and the highest amount, which windows change.
        package fileprivate(set) var least = Double.infinity
        package fileprivate(set) var most = 0.0
        package fileprivate(set) var peakUse = 0.0
        package fileprivate(set) var peakDemand = 0.0
        /// The time in which the members asked for more than the limit.
        package fileprivate(set) var timeAtLimit: Duration = .zero
        /// The time in which more than the limit was used.
        package fileprivate(set) var timeOver: Duration = .zero
        /// The time in which it was unknown what a member consumes.
        package fileprivate(set) var timeUnknown: Duration = .zero
    }

    /// A time in which a member was denied replicas without interruption.
    package struct Denial: Sendable, Hashable {
        package let from: Timestamp
        package fileprivate(set) var to: Timestamp
        /// The most replicas that it was denied at once.
        package fileprivate(set) var replicas: Int
    }

    /// What one member was denied.
    package struct Member: Sendable, Hashable {
        package fileprivate(set) var time: Duration = .zero
        package fileprivate(set) var periods = 0
        package fileprivate(set) var mostReplicas = 0
        /// The first ``BudgetTally/maxDenials`` periods.
        package fileprivate(set) var denials: [Denial] = []
        /// The longest period.
        package fileprivate(set) var longest: Denial?
        fileprivate var current: Denial?
    }

    package let outline: BudgetOutline
    package private(set) var limits: [Limit]
    /// In the order of the outline's members.
    package private(set) var members: [Member]
    private let places: [Int: Int]

    /// The most periods that are listed of one member.
    package static let maxDenials = 1_000

    init(_ outline: BudgetOutline) {
        self.outline = outline
        limits = outline.limits.map { _ in Limit() }
        members = outline.members.map { _ in Member() }
        places = Dictionary(uniqueKeysWithValues: outline.members.enumerated().map { ($1, $0) })
    }

    mutating func add(_ states: [LimitState], for time: Duration) {
        for (index, state) in states.enumerated() where limits.indices.contains(index) {
            limits[index].least = min(limits[index].least, state.limit)
            limits[index].most = max(limits[index].most, state.limit)
            limits[index].peakUse = max(limits[index].peakUse, state.used)
            limits[index].peakDemand = max(limits[index].peakDemand, state.demanded)
            if state.isUnknown { limits[index].timeUnknown += time }
            if state.isBinding { limits[index].timeAtLimit += time }
            if state.used > state.limit { limits[index].timeOver += time }
        }
    }

    mutating func add(denied replicas: Int, member: Int, at now: Timestamp, for time: Duration) {
        guard let place = places[member] else { return }
        guard replicas > 0 else {
            members[place].close()
            return
        }
        members[place].add(replicas, at: now, for: time)
    }

    mutating func finish() {
        for place in members.indices { members[place].close() }
    }
}

extension BudgetTally.Member {
    fileprivate mutating func add(_ replicas: Int, at now: Timestamp, for time: Duration) {
        self.time += time
        mostReplicas = max(mostReplicas, replicas)
        if current == nil { periods += 1 }
        var denial = current ?? BudgetTally.Denial(from: now, to: now, replicas: replicas)
        denial.to = now + time
        denial.replicas = max(denial.replicas, replicas)
        current = denial
    }

    fileprivate mutating func close() {
        guard let ended = current else { return }
        current = nil
        if denials.count < BudgetTally.maxDenials { denials.append(ended) }
        if longest.map({ $0.to - $0.from < ended.to - ended.from }) ?? true { longest = ended }
    }
}
