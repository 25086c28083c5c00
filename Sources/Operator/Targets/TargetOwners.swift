import KubernetesClient
import ScalerAPI

/// Tracks which scalers have which targets. The state of a target, or of a kind, is released with its last scaler.
/// Pure.
struct TargetOwners {
    /// A kind as specs name it.
    struct Kind: Hashable {
        let apiVersion: String
        let kind: String

        init(_ target: TargetReference) {
            apiVersion = target.apiVersion
            kind = target.kind
        }
    }

    /// Targets and kinds that no longer have a scaler.
    struct Released: Equatable {
        var place: TargetPlace?
        var kind: Kind?
    }

    private var places: [ObjectKey: TargetPlace] = [:]
    private var counts: [TargetPlace: Int] = [:]
    private var kindCounts: [Kind: Int] = [:]

    func owns(_ place: TargetPlace) -> Bool { counts[place] != nil }

    /// Sets the target of a scaler; nil after its deletion.
    mutating func set(_ target: TargetReference?, of scaler: ObjectKey) -> Released {
        let place = target.map { TargetPlace(namespace: scaler.namespace, target: $0) }
        let former = places[scaler]
        guard place != former else { return Released() }
        places[scaler] = place
        if let place {
            counts[place, default: 0] += 1
            kindCounts[Kind(place.target), default: 0] += 1
        }
        guard let former else { return Released() }
        return Released(
            place: Self.decrement(&counts, former) ? former : nil,
            kind: Self.decrement(&kindCounts, Kind(former.target)) ? Kind(former.target) : nil)
    }

    /// - Returns: whether the count is now zero.
    private static func decrement<Key>(_ counts: inout [Key: Int], _ key: Key) -> Bool {
        let rest = (counts[key] ?? 1) - 1
        counts[key] = rest > 0 ? rest : nil
        return rest <= 0
    }
}
