package import Scaling

/// Notices that someone undoes what the scaler does, and makes it wait instead of fighting.
///
/// Three consecutive own changes, each overwritten before the next, are a conflict. The scaler then holds for 10
/// minutes, tries once, and holds for twice as long if that is overwritten too, up to an hour. A change that stays ends
/// it.
package struct ReversalGuard: Sendable, Hashable {
    package static let reversalsBeforeHold = 3
    package static let firstHold: Duration = .seconds(600)
    package static let longestHold: Duration = .seconds(3_600)

    /// What our last change set, until it is known whether it stayed.
    private var lastSet: Int?
    private var reversals = 0
    private var hold = ReversalGuard.firstHold
    /// While the time is before it, nothing is patched.
    package private(set) var heldUntil: Timestamp?

    package init() {}

    /// Records the observed replicas, before the decision.
    package mutating func observe(current: Int, now: Timestamp) {
        guard let set = lastSet, current != set else { return }
        lastSet = nil
        reversals += 1
        guard reversals >= Self.reversalsBeforeHold else { return }
        heldUntil = now + hold
        hold = min(hold * 2, Self.longestHold)
    }

    /// Records an own change that the API server accepted. If the previous one was still in place, there is no
    /// conflict.
    package mutating func recordScale(to replicas: Int) {
        if lastSet != nil {
            reversals = 0
            hold = Self.firstHold
        }
        lastSet = replicas
        heldUntil = nil
    }

    package func isHolding(at now: Timestamp) -> Bool { heldUntil.map { now < $0 } ?? false }
}
