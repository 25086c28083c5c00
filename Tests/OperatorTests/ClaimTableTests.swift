import Testing

@testable import Operator

@Suite("Who scales which target")
struct ClaimTableTests {
    private let target = TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "web")

    private func scaler(_ uid: String, in namespace: String = "shop") -> ObjectIdentity {
        ObjectIdentity(namespace: namespace, name: "scaler-\(uid)", uid: uid)
    }

    @Test("the oldest holds the target; of two of one age, the lower UID")
    func oldest() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("c"), creationTimestamp: "2026-01-01T00:00:02Z")
        claims.set(target, for: scaler("b"), creationTimestamp: "2026-01-01T00:00:01Z")
        claims.set(target, for: scaler("a"), creationTimestamp: "2026-01-01T00:00:01Z")
        #expect(claims.holder(of: target, otherThan: scaler("a")) == nil)
        #expect(claims.holder(of: target, otherThan: scaler("b")) == scaler("a"))
        #expect(claims.holder(of: target, otherThan: scaler("c")) == scaler("a"))
    }

    @Test("when the holder gives up its claim, the next in line is named")
    func successor() {
        var claims = ClaimTable()
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        claims.set(target, for: scaler("b"), creationTimestamp: "2")
        #expect(claims.set(nil, for: scaler("a"), creationTimestamp: "1") == scaler("b"))
        #expect(claims.holder(of: target, otherThan: scaler("b")) == nil)
        #expect(claims.set(nil, for: scaler("b"), creationTimestamp: "2") == nil)
    }

    @Test("the same name in another namespace, or of another kind, is another target")
    func apart() {
        var claims = ClaimTable()
        let set = TargetReference(apiVersion: "apps/v1", kind: "StatefulSet", name: "web")
        claims.set(target, for: scaler("a"), creationTimestamp: "1")
        claims.set(set, for: scaler("b"), creationTimestamp: "2")
        claims.set(target, for: scaler("c", in: "other"), creationTimestamp: "3")
        #expect(claims.holder(of: set, otherThan: scaler("b")) == nil)
        #expect(claims.holder(of: target, otherThan: scaler("c", in: "other")) == nil)
    }
}
