import ScalerAPI
import Scaling

/// Assigns each target to one scaler: the oldest that claims it. If several were created in the same second, the one
/// that already scales the target takes precedence, then the first by name.
struct ClaimTable {
    private struct Claim: Comparable {
        let identity: ObjectIdentity
        /// The creation time in whole seconds, as the API server writes it.
        let creationTimestamp: String
        /// When the scaler was last known to scale the target; nil if never.
        var heldAt: Timestamp?

        static func < (left: Claim, right: Claim) -> Bool {
            guard left.creationTimestamp == right.creationTimestamp else {
                return left.creationTimestamp < right.creationTimestamp
            }
            switch (left.heldAt, right.heldAt) {
            case (_?, nil): return true
            case (nil, _?): return false
            case (let leftTime?, let rightTime?) where leftTime != rightTime: return leftTime > rightTime
            default: return (left.identity.name, left.identity.uid) < (right.identity.name, right.identity.uid)
            }
        }
    }

    /// The scaler that owns a target, and why it takes precedence over the requesting scaler.
    struct Holder: Hashable {
        enum Reason: Hashable {
            case isOlder
            case alreadyScales
            case isFirstByName
        }

        let identity: ObjectIdentity
        let reason: Reason
    }

    private var claims: [TargetKey: [ObjectIdentity: Claim]] = [:]
    private var keys: [ObjectIdentity: TargetKey] = [:]

    /// Sets what a scaler claims, nil for nothing. A paused or dry-run scaler claims nothing.
    ///
    /// - Parameter heldAt: when the scaler was last known to scale this target.
    /// - Returns: the scaler that owns the target now, if the released claim was the owner's.
    @discardableResult
    mutating func set(
        _ target: TargetReference?, for identity: ObjectIdentity, creationTimestamp: String, heldAt: Timestamp? = nil
    ) -> ObjectIdentity? {
        var successor: ObjectIdentity?
        let new = target.map { TargetKey($0, in: identity.namespace) }
        if let former = keys.removeValue(forKey: identity) {
            claims[former]?[identity] = nil
            if claims[former]?.isEmpty == true { claims[former] = nil }
            successor = holder(of: former)?.identity
        }
        if let new {
            keys[identity] = new
            claims[new, default: [:]][identity] = Claim(
                identity: identity, creationTimestamp: creationTimestamp, heldAt: heldAt)
        }
        return successor
    }

    /// Records whether a scaler owns its target.
    mutating func note(heldAt: Timestamp?, by identity: ObjectIdentity) {
        guard let key = keys[identity] else { return }
        claims[key]?[identity]?.heldAt = heldAt
    }

    /// Returns the scaler that owns the target, if it is another one.
    func holder(of target: TargetReference, otherThan identity: ObjectIdentity) -> Holder? {
        let key = TargetKey(target, in: identity.namespace)
        guard let holder = holder(of: key), holder.identity != identity else { return nil }
        let isOlder = claims[key]?[identity].map { holder.creationTimestamp != $0.creationTimestamp } ?? true
        let reason: Holder.Reason =
            if isOlder { .isOlder } else if holder.heldAt != nil { .alreadyScales } else { .isFirstByName }
        return Holder(identity: holder.identity, reason: reason)
    }

    private func holder(of key: TargetKey) -> Claim? { claims[key]?.values.min() }
}
