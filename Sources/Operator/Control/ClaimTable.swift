/// Who scales which target: of the scalers that claim one, the oldest.
struct ClaimTable {
    struct Claim: Hashable, Comparable {
        let creationTimestamp: String
        let identity: ObjectIdentity

        static func < (left: Claim, right: Claim) -> Bool {
            (left.creationTimestamp, left.identity.uid) < (right.creationTimestamp, right.identity.uid)
        }
    }

    private var claims: [TargetPlace: Set<Claim>] = [:]
    private var places: [ObjectIdentity: (place: TargetPlace, claim: Claim)] = [:]

    /// Sets what a scaler claims, nil for nothing. A paused or dry-run scaler claims nothing.
    ///
    /// - Returns: the scaler whose turn it is now where the claim given up was the holder's.
    @discardableResult
    mutating func set(
        _ target: TargetReference?, for identity: ObjectIdentity, creationTimestamp: String
    ) -> ObjectIdentity? {
        var successor: ObjectIdentity?
        if let (place, claim) = places.removeValue(forKey: identity) {
            claims[place]?.remove(claim)
            if claims[place]?.isEmpty == true { claims[place] = nil }
            successor = claims[place]?.min()?.identity
        }
        if let target {
            let place = TargetPlace(namespace: identity.namespace, target: target)
            let claim = Claim(creationTimestamp: creationTimestamp, identity: identity)
            places[identity] = (place, claim)
            claims[place, default: []].insert(claim)
        }
        return successor
    }

    /// The scaler that holds the target, where that is another one.
    func holder(of target: TargetReference, otherThan identity: ObjectIdentity) -> ObjectIdentity? {
        let holder = claims[TargetPlace(namespace: identity.namespace, target: target)]?.min()?.identity
        return holder == identity ? nil : holder
    }
}
