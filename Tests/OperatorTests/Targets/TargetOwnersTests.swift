import KubernetesClient
import Testing

@testable import Operator
@testable import ScalerAPI

@Suite("Release of cached targets")
struct TargetOwnersTests {
    private let rollout = TargetReference(apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web")
    private let other = TargetReference(apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "api")
    private let deployment = TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "web")
    private let first = ObjectKey(namespace: "shop", name: "a")
    private let second = ObjectKey(namespace: "shop", name: "b")

    private func place(_ target: TargetReference, in namespace: String = "shop") -> TargetPlace {
        TargetPlace(namespace: namespace, target: target)
    }

    @Test("a target is released with its last scaler, and its kind with the last target of the kind")
    func ends() {
        var owners = TargetOwners()
        for scaler in [first, second] {
            #expect(owners.set(rollout, of: scaler) == TargetOwners.Released())
        }
        #expect(owners.set(rollout, of: first) == TargetOwners.Released())
        #expect(owners.set(nil, of: first) == TargetOwners.Released())
        #expect(owners.owns(place(rollout)))
        #expect(
            owners.set(nil, of: second)
                == TargetOwners.Released(place: place(rollout), kind: TargetOwners.Kind(rollout)))
        #expect(!owners.owns(place(rollout)))
        #expect(owners.set(nil, of: second) == TargetOwners.Released())
    }

    @Test("an edit to another target of the same kind keeps the kind, and to one of another kind releases it")
    func edits() {
        var owners = TargetOwners()
        _ = owners.set(rollout, of: first)
        #expect(owners.set(other, of: first) == TargetOwners.Released(place: place(rollout)))
        #expect(
            owners.set(deployment, of: first)
                == TargetOwners.Released(place: place(other), kind: TargetOwners.Kind(other)))
        #expect(owners.owns(place(deployment)))
    }

    @Test("an object with the same name in another namespace is another target")
    func namespaces() {
        var owners = TargetOwners()
        _ = owners.set(rollout, of: first)
        _ = owners.set(rollout, of: ObjectKey(namespace: "blog", name: "a"))
        #expect(owners.set(nil, of: first) == TargetOwners.Released(place: place(rollout)))
        #expect(owners.owns(place(rollout, in: "blog")))
    }
}
