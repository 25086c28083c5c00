import Testing
import WireFormats

@testable import Operator

@Suite("What a target's object says of its replicas")
struct CachedTargetTests {
    private func target(ready: JSON) throws -> CachedTarget {
        try CachedTarget(["metadata": ["resourceVersion": "1"], "status": ["readyReplicas": ready]])
    }

    /// A kind without the field counts as ready; one that says nonsense in it does not.
    @Test("A count that cannot be is the nearest that can", arguments: [(-5, 0), (3, 3), (.max, Int(Int32.max))])
    func impossible(said: Int, taken: Int) throws {
        #expect(try target(ready: .integer(Int64(said))).readyReplicas == taken)
    }

    @Test("A field that is not there is no count")
    func missing() throws {
        #expect(try target(ready: .null).readyReplicas == nil)
    }
}
