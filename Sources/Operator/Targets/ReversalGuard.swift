package import Scaling

/// Detects that another client reverts the scaler's changes, and pauses the scaler.
///
/// Three consecutive changes of the scaler, each overwritten before the next, are a conflict. The scaler then holds for
/// 10 minutes, tries once, and holds for twice as long if that change is overwritten too, up to an hour. A change that
/// persists ends the conflict.
package struct ReversalGuard: Sendable, Hashable {
    package static let reversalsBeforeHold = 3
    package static let firstHold: Duration = .seconds(600)
    package static let longestHold: Duration = .seconds(3_600)

    /// The replicas that the scaler's last change set, until it is known whether the change persisted.
    private var lastSet: Int?
    private var reversals = 0
    private var hold = ReversalGuard.firstHold
    /// The time before which nothing is patched.
    package private(set) var heldUntil: Timestamp?

    package init() {}

    /// Records the observed replicas before the decision.
    package mutating func observe(current: Int, now: Timestamp) {
        guard let set = lastSet, current != set else { return }
        lastSet = nil
        reversals += 1
        guard reversals >= Self.reversalsBeforeHold else { return }
        heldUntil = now + hold
        hold = min(hold * 2, Self.longestHold)
    }

    /// Records a change of the scaler that the API server accepted. If the previous one was still in place, there is no
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
