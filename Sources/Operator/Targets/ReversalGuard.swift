package import Scaling

/// Notices that someone undoes what the scaler does, and makes it wait instead of fighting.
///
/// Three changes of ours in a row, each overwritten before our next, are a fight. The scaler then holds for 10 minutes,
/// tries once, and holds for twice as long if that is overwritten too, up to an hour. A change that stays ends it.
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

    /// The replicas are seen, before anything is decided on them.
    package mutating func observe(current: Int, now: Timestamp) {
        guard let set = lastSet, current != set else { return }
        lastSet = nil
        reversals += 1
        guard reversals >= Self.reversalsBeforeHold else { return }
        heldUntil = now + hold
        hold = min(hold * 2, Self.longestHold)
    }

    /// A change of ours that the API server accepted. Where the one before it still stood, there is no fight.
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
