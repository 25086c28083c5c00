import Scaling
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("The status of a scaler")
struct ScalerStatusTests {
    private func at(_ seconds: Int64) -> Timestamp {
        Timestamp(microsecondsSince1970: 1_767_225_600_000_000 + seconds * 1_000_000)
    }

    @Test("the state that a restart needs round-trips through the status")
    func roundTrip() throws {
        var history = ScalingHistory(hasSeenReplicas: true)
        // No whole milliseconds.
        history.lastScaleUpTime = at(10) + .microseconds(123_457)
        history.lastScaleDownTime = at(20) + .microseconds(999_999)
        history.lastOutsideChangeTime = at(30) + .microseconds(1)
        history.pendingScale = .init(from: 3, to: 5, at: at(40) + .microseconds(7_001))
        history.lastSeenReplicas = 3
        let condition = RecordedCondition(
            condition: Condition(.ready, .true, "Scaling", "all is well"), lastTransitionTime: at(5),
            observedGeneration: 4)
        let status = ScalerStatus(
            conditions: [condition], observedGeneration: 4,
            target: TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "web"), targetUID: "t-7",
            decision: Decision(time: at(40), current: 3, ready: 3, recommended: 5, desired: 5), history: history,
            unconfirmedReplicas: 7)
        let read = ScalerStatus(reading: try #require(status.mergePatch["status"]))
        #expect(read.history == history)
        #expect(read.conditions == [condition])
        #expect(read.observedGeneration == 4)
        #expect(read.targetUID == "t-7")
        #expect(read.unconfirmedReplicas == 7)
        #expect(read.heldTargetAt == history.lastScaleDownTime || read.heldTargetAt == history.lastScaleUpTime)
    }

    @Test("the status field seenAboveZero is read, and inferred from other fields of an older status")
    func seenAboveZero() {
        func hasSeen(_ status: JSON) -> Bool { ScalerStatus(reading: status).history.hasSeenReplicas }
        #expect(!hasSeen(["currentReplicas": 0]))
        #expect(hasSeen(["currentReplicas": 3]))
        #expect(hasSeen(["currentReplicas": 0, "limitedBy": ["SwitchedOff"]]))
        #expect(hasSeen(["currentReplicas": 0, "lastScaleUpTime": "2026-01-01T00:00:07.300Z"]))
        // The scaling event belongs to a deleted target.
        #expect(!hasSeen(["targetUID": "t", "currentReplicas": 0, "lastScaleUpTime": "2026-01-01T00:00:07.300Z"]))
        #expect(hasSeen(["targetUID": "t", "currentReplicas": 0, "seenAboveZero": true]))
    }

    @Test("the status shows whether the scaler owned the target, and when it last scaled it")
    func heldTarget() {
        func held(_ status: JSON) -> Timestamp? { ScalerStatus(reading: status).heldTargetAt }
        let decided: JSON = "2026-01-01T00:00:09.001Z"
        #expect(held([:]) == nil)
        #expect(held(["lastScaleUpTime": "2026-01-01T00:00:20Z"]) == nil)
        #expect(held(["lastDecisionTime": decided]) == Timestamp(microsecondsSince1970: .min))
        #expect(held(["lastDecisionTime": decided, "lastScaleDownTime": "2026-01-01T00:00:20Z"]) == at(20))
        #expect(held(["lastDecisionTime": decided, "limitedBy": ["DuplicateTarget"]]) == nil)
    }

    @Test("scale times of a previous target do not apply to the new target")
    func otherTarget() throws {
        func scaler(target: String, generation: Int64) throws -> GeneralScaler {
            try GeneralScaler(
                [
                    "metadata": [
                        "namespace": "shop", "name": "web", "uid": "1", "resourceVersion": "9",
                        "generation": .integer(generation),
                    ],
                    "spec": [
                        "targetDeployment": .string(target), "maxReplicas": 9,
                        "metrics": [["type": "test", "config": [:], "targetValue": 10]],
                    ],
                    "status": [
                        "observedGeneration": 1, "targetName": "Deployment/web", "currentReplicas": 6,
                        "scaledToZero": true,
                        "lastScaleUpTime": .string(at(10).rfc3339()),
                        "pendingScale": [
                            "from": 6, "to": 5, "at": .string(at(40).rfc3339()), "startsCooldown": false,
                        ],
                    ],
                ], zones: UniversalTimeOnly())
        }
        let state = ScalerState(try scaler(target: "web", generation: 1))
        let pending = ScalingHistory.PendingScale(from: 6, to: 5, at: at(40), startsCooldown: false)
        #expect(state.history.pendingScale == pending)
        state.update(try scaler(target: "web", generation: 2), at: .zero)
        #expect(state.history.pendingScale == pending)
        state.update(try scaler(target: "api", generation: 3), at: .zero)
        let expected = ScalingHistory(lastScaleUpTime: at(10))
        #expect(state.history == expected)
        #expect(ScalerState(try scaler(target: "api", generation: 3)).history == expected)
    }

    @Test("malformed fields of a status are ignored one by one")
    func nonsense() {
        let status = ScalerStatus(reading: [
            "lastScaleUpTime": "yesterday", "pendingScale": ["from": "a", "to": 2],
            "conditions": [["type": "What"], 7],
            "currentReplicas": "three", "unconfirmedReplicas": "6", "lastScaleDownTime": "2026-01-01T00:00:20Z",
        ])
        #expect(status.history == ScalingHistory(lastScaleDownTime: at(20), hasSeenReplicas: true))
        #expect(status.conditions.isEmpty)
        #expect(status.unconfirmedReplicas == nil)
    }

    @Test("a condition keeps its transition time when only its message changes")
    func transitionTime() {
        let first = [RecordedCondition]().updated(
            with: [Condition(.ready, .true, "Scaling", "a")], generation: 1, now: at(0))
        let second = first.updated(with: [Condition(.ready, .true, "Scaling", "b")], generation: 2, now: at(9))
        #expect(second.first?.lastTransitionTime == at(0))
        #expect(second.first?.observedGeneration == 2)
        let third = second.updated(with: [Condition(.ready, .false, "NoData", "c")], generation: 2, now: at(19))
        #expect(third.first?.lastTransitionTime == at(19))
    }

    @Test("fields without a value are removed from an older status")
    func removal() {
        let patch = ScalerStatus().mergePatch["status"]
        #expect(patch?["pendingScale"] == .null)
        #expect(patch?["unconfirmedReplicas"] == .null)
        #expect(patch?["scaledToZero"] == .null)
        #expect(patch?["lastScaleUpTime"] == .null)
    }

    @Test("the summary has the metric that asks for most, the replicas and the first limit")
    func summary() throws {
        var decision = Decision(
            time: at(40), current: 3, ready: 3, recommended: 7, desired: 5,
            metrics: [
                MetricRecord(
                    name: "cpu", observation: .value(0.5, observedAt: at(39)), target: 0.8, targetType: .value,
                    recommended: 2),
                MetricRecord(
                    name: "requests", observation: .value(699.96, observedAt: at(39)), target: 100,
                    targetType: .averageValue, recommended: 7),
            ],
            limitedBy: [.tolerance, .activation])
        #expect(
            StatusSummary(decision, current: nil, blocker: nil).json
                == ["metric": "700/100 each", "replicas": "3/5", "limitedBy": .null])
        decision.limitedBy = [.schedule, .maxReplicas]
        #expect(StatusSummary(decision, current: 5, blocker: nil).limitedBy == "MaxReplicas")
        #expect(StatusSummary(decision, current: 5, blocker: nil).replicas == "5/5")
        decision.limitedBy = [.maxReplicas, .scaleUpStabilized, .cooldown]
        #expect(StatusSummary(decision, current: 5, blocker: nil).limitedBy == "MaxReplicas +2")
        #expect(
            StatusSummary(decision, current: 5, blocker: Blocker(.targetNotFound, "no")).limitedBy == "TargetNotFound")
    }

    @Test("the summary of a metric without a value is unknown, never 0")
    func summaryWithoutValue() {
        let decision = Decision(
            time: at(40), current: 3, ready: 3, recommended: 3, desired: 3,
            metrics: [
                MetricRecord(
                    name: "cpu", observation: .noData("empty"), target: 0.8, targetType: .value)
            ],
            limitedBy: [.noData])
        let summary = StatusSummary(decision, current: nil, blocker: nil)
        #expect(summary.metric == "<unknown>/0.8")
        #expect(summary.limitedBy == "NoData")
        #expect(
            StatusSummary(nil, current: 3, blocker: nil).json
                == ["metric": .null, "replicas": .null, "limitedBy": .null])
    }
}
