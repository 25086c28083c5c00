import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("An explanation")
struct ExplanationTests {
    private static let now = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)

    private static func object(_ spec: [String: JSON] = [:], status: [String: JSON] = [:]) -> JSON {
        let example: [String: JSON] = [
            "targetDeployment": "http-app", "minReplicas": 2, "maxReplicas": 10,
            "metrics": [["type": "prometheus", "targetValue": 100]],
            "safety": ["cooldownSeconds": 300, "scaleDownStabilizationSeconds": 300],
        ]
        let decided: [String: JSON] = [
            "reason": "Keep 4: within tolerance of the target.", "lastDecisionTime": "2025-12-31T23:58:00Z",
            "currentReplicas": 4, "readyReplicas": 4, "limitedBy": ["Tolerance"],
            "lastScaleUpTime": "2025-12-31T23:57:00Z",
            "metrics": [
                [
                    "name": "prometheus", "value": 105, "target": 100, "targetType": "Value", "recommended": 4,
                    "observedAt": "2025-12-31T23:58:00Z",
                ]
            ],
        ]
        return [
            "metadata": ["namespace": "shop", "name": "http", "uid": "u1", "resourceVersion": "7"],
            "spec": .object(example.merging(spec) { $1 }), "status": .object(decided.merging(status) { $1 }),
        ]
    }

    private static func text(_ object: JSON, events: [JSON] = []) throws -> String {
        try Explanation(object: object, events: events, now: now, zones: UniversalTimeOnly()).text
    }

    @Test("an explanation contains the decision, its values, and what the next scaling events wait for")
    func whole() throws {
        #expect(
            try Self.text(Self.object()) == """
                shop/http keeps Deployment/http-app between 2 and 10 replicas. Polling interval: 15s.

                Last decision (2m ago): Keep 4: within tolerance of the target.
                  prometheus was 105 against a target of 100, which asks for 4.
                  4 replicas were set, 4 of them ready.

                Next scaling event:
                  A scale-up happens when prometheus is above 110, but not before 2026-01-01T00:02:00Z, in 2m: a cooldown has to pass.
                  A scale-down happens when prometheus is at most 75 and stays there for 5m, but not before 2026-01-01T00:02:00Z, in 2m: a cooldown has to pass.

                No events found; the API server deletes events after an hour.

                """)
    }

    private static func value(_ value: Double) -> JSON {
        [["name": "prometheus", "value": .number(value), "target": 100, "targetType": "Value", "recommended": 4]]
    }

    @Test("an explanation says that a scaling event follows a cooldown if the value asks for it already")
    func afterCooldown() throws {
        let low = try Self.text(
            Self.object(
                ["safety": ["cooldownSeconds": 300, "scaleDownStabilizationSeconds": 120]],
                status: ["metrics": Self.value(74.5), "limitedBy": ["Cooldown"]]))
        #expect(
            low.contains(
                "A scale-down happens at 2026-01-01T00:02:00Z, in 2m, after a cooldown, if prometheus is at most 75 until then."
            ))
        #expect(low.contains("A scale-up happens when prometheus is above 110, but not before"))
        let high = try Self.text(Self.object(status: ["metrics": Self.value(110.5), "limitedBy": ["Cooldown"]]))
        #expect(
            high.contains(
                "A scale-up happens at 2026-01-01T00:02:00Z, in 2m, after a cooldown, if prometheus is above 110 until then."
            )
        )
    }

    @Test(
        "an explanation does not promise a scale-down at the end of a cooldown that ends before the stabilization window"
    )
    func windowAfterCooldown() throws {
        let text = try Self.text(
            Self.object(
                ["safety": ["cooldownSeconds": 300, "scaleDownStabilizationSeconds": 121]],
                status: ["metrics": Self.value(74.5), "limitedBy": ["ScaleDownStabilized", "Cooldown"]]))
        #expect(
            text.contains("A scale-down happens when prometheus is at most 75 and stays there for 2m1s, but not before")
        )
    }

    @Test("an explanation says what a scaler without any value waits for, by its fallback")
    func withoutValues() throws {
        func text(_ behavior: String, _ causes: [JSON]) throws -> String {
            let missing: JSON = ["name": "prometheus", "noData": "no result", "targetType": "Value"]
            return try Self.text(
                Self.object(
                    ["fallback": ["behavior": .string(behavior), "replicas": 7, "failureThreshold": 4]],
                    status: ["metrics": [missing], "limitedBy": .array(causes)]))
        }
        let held = try text("StaticIfHigher", ["NoData"])
        #expect(
            held.contains(
                "Until prometheus has a value again, the replicas are held; the fallback (StaticIfHigher) applies"))
        let fallen = try text("StaticIfHigher", ["NoData", "Fallback"])
        #expect(fallen.contains("Until prometheus has a value again, the fallback (StaticIfHigher) sets the replicas."))
        let kept = try text("Hold", ["NoData", "Fallback"])
        #expect(kept.contains("Until prometheus has a value again, the replicas are held."))
    }

    @Test("an explanation says that a scaling event waits for a shared budget, regardless of the value")
    func denied() throws {
        let text = try Self.text(
            Self.object(status: ["metrics": Self.value(390), "limitedBy": ["Budget"], "lastScaleUpTime": nil]))
        #expect(text.contains("No scale-up while a ScalingBudget allows no more replicas"))
        #expect(!text.contains("A scale-up happens"))
    }

    @Test("an explanation begins with the bounds in effect, and says which a schedule sets")
    func scheduledBounds() throws {
        let text = try Self.text(
            Self.object([
                "schedules": [
                    [
                        "name": "always", "start": "0 0 * * *", "duration": "23h", "minReplicas": 7,
                        "targets": ["prometheus": 60],
                    ]
                ]
            ]))
        #expect(
            text.hasPrefix(
                "shop/http keeps Deployment/http-app between 7 and 10 replicas now, by schedule, and otherwise between 2 and 10 "
                    + "replicas. Polling interval: 15s."), "\(text)")
        #expect(text.contains("\n  The target of prometheus is 60"), "\(text)")
    }

    @Test("an explanation names the limit that prevents a scaling event, instead of a metric value that has no effect")
    func held() throws {
        let atMaximum = try Self.text(Self.object(["maxReplicas": 4], status: ["lastScaleUpTime": nil]))
        #expect(atMaximum.contains("No scale-up: maxReplicas is 4."))
        let atMinimum = try Self.text(Self.object(["minReplicas": 4]))
        #expect(atMinimum.contains("No scale-down: minReplicas is 4."))
        let forbidden = try Self.text(Self.object(["safety": ["maxScaleUpRate": 0]]))
        #expect(forbidden.contains("No scale-up: maxScaleUpRate is 0."))
        let budget: JSON = ["type": "cost", "config": ["costPerPodPerHour": 1, "maxCostPerHour": 4]]
        #expect(try Self.text(Self.object(["policy": budget])).contains("No scale-up: the budget allows no more"))
    }

    @Test("an explanation of several metrics says that any of them scales up and all of them together scale down")
    func twoMetrics() throws {
        let metrics: JSON = [
            ["type": "prometheus", "targetValue": 100],
            ["type": "redis", "name": "queue", "targetValue": 10],
        ]
        let seen: JSON = [
            ["name": "prometheus", "value": 105, "target": 100, "targetType": "Value", "recommended": 4],
            ["name": "queue", "value": 35, "target": 10, "targetType": "AverageValue", "recommended": 4],
        ]
        let text = try Self.text(Self.object(["metrics": metrics], status: ["metrics": seen, "lastScaleUpTime": nil]))
        #expect(text.contains("A scale-up happens when prometheus is above 110 or queue is above 44."))
        #expect(text.contains("A scale-down happens when prometheus is at most 75 and queue is at most 30 and stays"))
    }

    @Test("an explanation at 0 replicas refers to the activation value, and the last replica goes when all is idle")
    func zero() throws {
        let metrics: JSON = [["type": "redis", "targetValue": 10, "activationValue": 5]]
        func seen(_ value: JSON) -> JSON {
            [["name": "redis", "value": value, "target": 10, "targetType": "AverageValue"]]
        }
        let spec: [String: JSON] = ["metrics": metrics, "minReplicas": 0]
        let none = try Self.text(
            Self.object(
                spec, status: ["currentReplicas": 0, "readyReplicas": 0, "scaledToZero": true, "metrics": seen(0)]))
        #expect(none.contains("A scale-up happens when redis is above 5"))
        #expect(!none.contains("scale-down"))
        #expect(!none.contains("It scales to 0"))
        let one = try Self.text(
            Self.object(spec, status: ["currentReplicas": 1, "readyReplicas": 1, "metrics": seen(7)]))
        #expect(one.contains("It scales to 0 replicas when redis is at most 5 and stays so for 5m."))
        #expect(!one.contains("scale-down"))
        #expect(one.contains("1 replica was set, and is ready."))
    }

    @Test("an explanation describes the scale to 0 in addition to the next scale-down, from any count")
    func toZero() throws {
        let idle: [String: JSON] = [
            "lastScaleUpTime": nil, "idle": true, "lastActiveTime": "2025-12-31T23:57:30.250Z",
        ]
        let busy = try Self.text(Self.object(["minReplicas": 0], status: ["lastScaleUpTime": nil]))
        #expect(busy.contains("A scale-down happens when prometheus is at most 75 and stays there for 5m."))
        #expect(busy.contains("It scales to 0 replicas when prometheus is at most 0 and stays so for 5m."))
        let soon = try Self.text(Self.object(["minReplicas": 0], status: idle))
        #expect(
            soon.contains(
                "It scales to 0 replicas at 2026-01-01T00:02:31Z, in 2m31s, if prometheus is at most 0 until then."))
        #expect(!(try Self.text(Self.object())).contains("to 0 replicas"))
    }

    @Test("an explanation with a rate of 0 excludes scale-downs but not the scale to 0")
    func toZeroWithoutRate() throws {
        let text = try Self.text(
            Self.object(
                ["minReplicas": 0, "safety": ["maxScaleDownRate": 0, "scaleDownCooldownSeconds": 61]],
                status: ["lastScaleUpTime": nil]))
        #expect(text.contains("No scale-down: maxScaleDownRate is 0."))
        #expect(text.contains("It scales to 0 replicas when prometheus is at most 0 and stays so for 1m1s."))
    }

    @Test("an explanation does not announce a scale to 0 for a metric that is never idle or an assumed value")
    func neverIdle() throws {
        let metrics: JSON = [["type": "prometheus", "targetValue": 100, "activationValue": -1]]
        let never = try Self.text(
            Self.object(["minReplicas": 0, "metrics": metrics], status: ["lastScaleUpTime": nil]))
        #expect(never.contains("It does not scale to 0 replicas"))
        #expect(!never.contains("It scales to 0"))
        let assumed: JSON = [
            ["name": "prometheus", "value": 0, "assumed": true, "target": 100, "targetType": "Value", "recommended": 1]
        ]
        let text = try Self.text(
            Self.object(["minReplicas": 0], status: ["lastScaleUpTime": nil, "metrics": assumed]))
        #expect(text.contains("an assumed value for an empty result does not count"))
    }

    @Test("the replicas that a source has work for are named")
    func usefulReplicas() throws {
        let metrics: JSON = [
            [
                "name": "prometheus", "value": 900, "target": 100, "targetType": "Value", "recommended": 4,
                "usefulReplicas": 4,
            ]
        ]
        let text = try Self.text(Self.object(status: ["metrics": metrics]))
        #expect(text.contains("prometheus asks for no more than 4 replicas while its source has no work for more."))
    }

    @Test("a source that says whether it has work is named in place of the activation value")
    func activity() throws {
        func metrics(_ isActive: Bool) -> JSON {
            [
                [
                    "name": "prometheus", "value": 0, "target": 100, "targetType": "Value", "recommended": 1,
                    "active": .bool(isActive),
                ]
            ]
        }
        let idle = try Self.text(
            Self.object(
                ["minReplicas": 0],
                status: [
                    "currentReplicas": 0, "scaledToZero": true, "seenAboveZero": true, "metrics": metrics(false),
                ]))
        #expect(idle.contains("A scale-up happens when the source of prometheus is active."))
        #expect(idle.contains("its source is not active"))
        let busy = try Self.text(Self.object(["minReplicas": 0], status: ["metrics": metrics(true)]))
        #expect(busy.contains("It scales to 0 replicas when the source of prometheus is not active and stays so"))
    }

    @Test("an action required of a person is the only next event in an explanation")
    func byHand() throws {
        #expect(try Self.text(Self.object(["paused": true])).contains("No change while paused"))
        let all = try Self.text(
            Self.object(status: [
                "limitedBy": ["Paused"],
                "reason": "Keep 4: the whole operator is paused: set paused to \"false\" in ConfigMap a/b to resume.",
            ]))
        #expect(all.contains("No change while the whole operator is paused"))
        #expect(all.contains("ConfigMap a/b"))
        #expect(!all.contains("happens when"))
        let duplicate = try Self.text(Self.object(status: ["limitedBy": ["DuplicateTarget"]]))
        #expect(duplicate.contains("No change while another GeneralScaler scales Deployment/http-app"))
        let blocked: JSON = [
            "type": "Ready", "status": "False", "reason": "TargetNotFound", "message": "create it",
        ]
        let gone = try Self.text(Self.object(status: ["conditions": [blocked]]))
        #expect(gone.contains("Problem: create it (TargetNotFound)"))
        #expect(gone.contains("No change until the problem above is resolved."))
        #expect(!gone.contains("happens when"))
        let off = try Self.text(Self.object(status: ["currentReplicas": 0, "limitedBy": ["SwitchedOff"]]))
        #expect(off.contains("No change until Deployment/http-app is set above 0 replicas"))
    }

    @Test("an explanation of a dry run describes only what happens once the mode is Active")
    func dryRun() throws {
        let text = try Self.text(Self.object(["mode": "DryRun"], status: ["limitedBy": ["DryRun"]]))
        #expect(
            text.contains(
                "Next scaling event:\n  Nothing is scaled while mode is DryRun. Once it is Active:\n  A scale-up happens when"
            ))
    }

    @Test("a limit from before an edit is not explained as still holding the scaler")
    func edited() throws {
        var object = Self.object(status: ["observedGeneration": 3, "limitedBy": ["Paused"]]).objectValue ?? [:]
        var metadata = object["metadata"]?.objectValue ?? [:]
        metadata["generation"] = 4
        object["metadata"] = .object(metadata)
        let text = try Self.text(.object(object))
        #expect(text.contains("The spec was edited after that decision"))
        #expect(text.contains("A scale-up happens when prometheus is above 110"))
        #expect(!text.contains("paused"))
    }

    @Test("an explanation reports replicas that are not ready, or whose readiness is unknown, with what they hold")
    func notReady() throws {
        let some = try Self.text(Self.object(status: ["readyReplicas": 1]))
        #expect(some.contains("4 replicas were set, 1 of them ready."))
        #expect(
            some.contains("While only 1 of 4 replicas is ready:\n  A scale-up happens when prometheus is above 400"))
        #expect(some.contains("No scale-down: too few replicas are ready."))
        let nothingReady = try Self.text(Self.object(status: ["readyReplicas": 0]))
        #expect(
            nothingReady.contains("While only 0 of 4 replicas are ready:\n  No scale-up: too few replicas are ready."))
        #expect(!nothingReady.contains("happens when"))
        let unknown = try Self.text(Self.object(status: ["readyReplicas": nil, "lastScaleUpTime": nil]))
        #expect(unknown.contains("4 replicas were set; the target does not report how many are ready."))
        #expect(unknown.contains("No scale-up: the target does not report how many of its replicas are ready."))
        #expect(!unknown.contains("happens when"))
        let none = try Self.text(
            Self.object(["minReplicas": 1], status: ["currentReplicas": 1, "readyReplicas": 0]))
        #expect(none.contains("1 replica was set, and is not ready."))
    }

    @Test("counts and their nouns agree in an explanation")
    func plurals() throws {
        #expect(try Self.text(Self.object(["minReplicas": 0, "maxReplicas": 1])).contains("between 0 and 1 replica."))
        #expect(try Self.text(Self.object(["minReplicas": 3, "maxReplicas": 3])).contains("at 3 replicas."))
        #expect(try Self.text(Self.object(["minReplicas": 1, "maxReplicas": 1])).contains("at 1 replica."))
        let missing: [String: JSON] = [
            "metrics": [["name": "prometheus", "noData": "no result", "targetType": "Value"]]
        ]
        let fallback: JSON = ["failureThreshold": 1, "behavior": "Static", "replicas": 6]
        #expect(
            try Self.text(Self.object(["fallback": fallback], status: missing)).contains("applies after 1 poll and 3m")
        )
    }

    @Test("an explanation of replicas out of bounds says that they go to the bound, regardless of the metrics")
    func outOfBounds() throws {
        let text = try Self.text(Self.object(status: ["currentReplicas": 1, "readyReplicas": 1]))
        #expect(text.contains("The next poll sets 2 replicas: 1 is below minReplicas."))
        #expect(!text.contains("happens when"))
    }

    @Test("an explanation reports a missing value, an invalid spec, and an operator that has never decided")
    func troubles() throws {
        let missing = try Self.text(
            Self.object(status: ["metrics": [["name": "prometheus", "noData": "no result", "targetType": "Value"]]]))
        #expect(missing.contains("prometheus has no value: no result."))
        #expect(missing.contains("Until prometheus has a value again, the replicas are held."))
        let invalid = try Self.text(Self.object(["maxReplicas": 1]))
        #expect(invalid.contains("  spec.maxReplicas: must be at least minReplicas"))
        var undecided = Self.object().objectValue ?? [:]
        undecided["status"] = nil
        #expect(try Self.text(.object(undecided)).contains("No decision has been made yet."))
        let condition: JSON = [
            "type": "AbleToScale", "status": "False", "reason": "TargetNotFound", "message": "create it",
        ]
        #expect(
            try Self.text(Self.object(status: ["conditions": [condition]])).contains(
                "Problem: create it (TargetNotFound)"))
    }

    @Test("an explanation lists the scaler's own events, in order, with their counts")
    func events() throws {
        func event(_ note: JSON, at time: JSON, uid: JSON = "u1", count: JSON? = nil) -> JSON {
            let series: JSON? = count.map { ["count": $0, "lastObservedTime": time] }
            return [
                "note": note, "eventTime": "2025-12-31T23:00:00.000000Z", "regarding": ["uid": uid],
                "series": series ?? nil, "metadata": ["creationTimestamp": time],
            ]
        }
        let text = try Self.text(
            Self.object(),
            events: [
                event("second", at: "2025-12-31T23:59:30Z", count: 3), event("other", at: "x", uid: "u2"),
                event("first", at: "2025-12-31T23:50:00Z", count: 1),
            ])
        #expect(text.hasSuffix("Events, newest last:\n  10m ago: first\n  30s ago: second (3 times)\n"))
    }
}
