import Testing
import WireFormats

@testable import Operator

@Suite("Replica counts in a target's status")
struct CachedTargetTests {
    private func ready(_ status: JSON) throws -> ReadyReplicas {
        try CachedTarget(["metadata": ["resourceVersion": "1"], "status": status]).ready
    }

    @Test(
        "an impossible replica count is replaced by the nearest possible one",
        arguments: [(-5, 0), (3, 3), (.max, Int(Int32.max))])
    func impossible(said: Int, taken: Int) throws {
        #expect(try ready(["readyReplicas": .integer(Int64(said))]) == .reported(taken))
    }

    @Test(
        "an absent replica count is 0 only for a kind that is known to report it",
        arguments: [
            // A rollout without ready pods, as Go's encoder writes it.
            (["HPAReplicas": 4, "replicas": 4, "updatedReplicas": 4, "unavailableReplicas": 4], 0, 0),
            (["replicas": 4, "updatedReplicas": 0], 0, 0),
            (["replicas": 4, "fullyLabeledReplicas": 4], 0, 0),
            (["replicas": 4], 0, nil),
            (["replicas": 4, "readyReplicas": nil], 0, nil),
            ([:], 0, nil),
            (nil, 0, nil),
            (["readyReplicas": 3, "availableReplicas": 1], 3, 3),
            (["replicas": 4, "availableReplicas": 3], 3, 3),
            (["readyReplicas": 2.0], 2, 2),
        ] as [(JSON, Int?, Int?)])
    func absent(status: JSON, inReportingKind: Int?, inOtherKind: Int?) throws {
        #expect(try ready(status).count(isReportedByKind: true) == inReportingKind)
        #expect(try ready(status).count(isReportedByKind: false) == inOtherKind)
    }

    @Test(
        "a replica count that is not a whole number is unknown for any kind",
        arguments: ["3", 2.5, true, [:], "3/4"] as [JSON])
    func invalid(said: JSON) throws {
        #expect(try ready(["readyReplicas": said, "availableReplicas": 4]).count(isReportedByKind: true) == nil)
    }
}
