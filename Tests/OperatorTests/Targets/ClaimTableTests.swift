import Scaling
import Testing

@testable import Operator
@testable import ScalerAPI

@Suite("Claims on targets")
struct ClaimTableTests {
    private let target = TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "web")

    /// - Parameter uid: a UID that does not sort like the name.
    private func scaler(_ name: String, uid: String? = nil, in namespace: String = "shop") -> ObjectIdentity {
        ObjectIdentity(namespace: namespace, name: name, uid: uid ?? "uid of \(name)")
    }

    private func at(_ microseconds: Int64) -> Timestamp { Timestamp(microsecondsSince1970: microseconds) }

    @Test("the oldest scaler owns the target, regardless of names")
    func oldest() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("a"), creationTimestamp: "2026-01-01T00:00:02Z")
        claims.set(target, for: scaler("z"), creationTimestamp: "2026-01-01T00:00:01Z")
        #expect(claims.holder(of: target, otherThan: scaler("z")) == nil)
        #expect(
            claims.holder(of: target, otherThan: scaler("a"))
                == ClaimTable.Holder(identity: scaler("z"), reason: .isOlder))
    }

    @Test("of two scalers created in the same second, the first by name owns the target, regardless of UIDs")
    func firstByName() {
        var claims = ClaimTable()
        let (a, b) = (scaler("a", uid: "f3"), scaler("b", uid: "07"))
        for scaler in [b, a] { claims.set(target, for: scaler, creationTimestamp: "2026-01-01T00:00:01Z") }
        #expect(claims.holder(of: target, otherThan: a) == nil)
        #expect(
            claims.holder(of: target, otherThan: b) == ClaimTable.Holder(identity: a, reason: .isFirstByName))
    }

    @Test("of two scalers created in the same second, the one that already scales the target keeps it")
    func alreadyScales() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("b"), creationTimestamp: "2026-01-01T00:00:01Z")
        claims.note(heldAt: at(1_000_003), by: scaler("b"))
        claims.set(target, for: scaler("a"), creationTimestamp: "2026-01-01T00:00:01Z")
        #expect(claims.holder(of: target, otherThan: scaler("b")) == nil)
        #expect(
            claims.holder(of: target, otherThan: scaler("a"))
                == ClaimTable.Holder(identity: scaler("b"), reason: .alreadyScales))
        // An older scaler still takes precedence.
        claims.set(target, for: scaler("c"), creationTimestamp: "2026-01-01T00:00:00Z")
        #expect(claims.holder(of: target, otherThan: scaler("b"))?.identity == scaler("c"))
    }

    @Test("of two scalers that have both scaled the target, the one that did so last keeps it")
    func scaledLast() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("a"), creationTimestamp: "1", heldAt: at(.min))
        claims.set(target, for: scaler("b"), creationTimestamp: "1", heldAt: at(2_500_001))
        claims.set(target, for: scaler("c"), creationTimestamp: "1", heldAt: at(2_500_000))
        #expect(claims.holder(of: target, otherThan: scaler("a"))?.identity == scaler("b"))
        claims.note(heldAt: nil, by: scaler("b"))
        #expect(claims.holder(of: target, otherThan: scaler("a"))?.identity == scaler("c"))
    }

    @Test("a scaler that releases its claim and claims the target again does not displace the new owner")
    func comesBack() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        claims.note(heldAt: at(1), by: scaler("a"))
        claims.set(nil, for: scaler("a"), creationTimestamp: "1")
        claims.set(target, for: scaler("b"), creationTimestamp: "1")
        claims.note(heldAt: at(2), by: scaler("b"))
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        #expect(claims.holder(of: target, otherThan: scaler("a"))?.identity == scaler("b"))
    }

    @Test("the scaler with the next claim is returned when the owner releases its claim")
    func successor() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        claims.set(target, for: scaler("b"), creationTimestamp: "2")
        #expect(claims.set(nil, for: scaler("a"), creationTimestamp: "1") == scaler("b"))
        #expect(claims.holder(of: target, otherThan: scaler("b")) == nil)
        #expect(claims.set(nil, for: scaler("b"), creationTimestamp: "2") == nil)
    }

    @Test("an object with the same name in another namespace or of another kind is another target")
    func apart() {
        var claims = ClaimTable()
        let set = TargetReference(apiVersion: "apps/v1", kind: "StatefulSet", name: "web")
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        claims.set(set, for: scaler("b"), creationTimestamp: "2")
        claims.set(target, for: scaler("c", in: "other"), creationTimestamp: "3")
        #expect(claims.holder(of: set, otherThan: scaler("b")) == nil)
        #expect(claims.holder(of: target, otherThan: scaler("c", in: "other")) == nil)
    }

    @Test("two versions of one API group refer to the same target")
    func versions() {
        var claims = ClaimTable()
        let old = TargetReference(apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web")
        let new = TargetReference(apiVersion: "argoproj.io/v1", kind: "Rollout", name: "web")
        claims.set(old, for: scaler("a"), creationTimestamp: "1")
        claims.set(new, for: scaler("b"), creationTimestamp: "2")
        #expect(claims.holder(of: new, otherThan: scaler("b"))?.identity == scaler("a"))
    }
}
