import ScalerAPI

/// The identity of a target: all versions of an API group share the same objects.
struct TargetKey: Sendable, Hashable {
    let namespace: String
    let group: String
    let kind: String
    let name: String

    init(_ target: TargetReference, in namespace: String) {
        self.namespace = namespace
        group = target.group
        kind = target.kind
        name = target.name
    }
}
