import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("A decision from JSON")
struct DecisionRequestTests {
    private static func request(_ changes: [String: JSON] = [:], spec: [String: JSON] = [:]) -> JSON {
        let example: [String: JSON] = [
            "targetDeployment": "http-app", "minReplicas": 2, "maxReplicas": 10,
            "metrics": [["type": "prometheus", "config": ["query": "q"], "targetValue": 100]],
            "safety": ["cooldownSeconds": 300, "maxScaleUpRate": 3, "maxScaleDownRate": 1],
        ]
        let request: [String: JSON] = [
            "spec": .object(example.merging(spec) { $1 }), "now": "2026-01-01T00:00:00Z",
            "replicas": ["current": 2, "ready": 2],
            "readings": [["name": "prometheus", "value": 350, "observedAt": "2026-01-01T00:00:00Z"]],
        ]
        return .object(request.merging(changes) { $1 })
    }

    private static func answer(_ request: JSON) throws -> JSON {
        let request = try DecisionRequest(request, zones: UniversalTimeOnly())
        return DecisionEngine.decide(request.input).json(of: request.input)
    }

    private static func problems(_ request: JSON) -> [String] {
        do throws(InvalidSpec) {
            _ = try DecisionRequest(request, zones: UniversalTimeOnly())
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test("the documentation's example scales from 2 to 5, and its history contains the pending scale operation")
    func example() throws {
        let answer = try Self.answer(Self.request())
        #expect(answer["desired"] == 5)
        #expect(answer["recommended"] == 7)
        #expect(answer["limitedBy"] == ["ScaleUpRate"])
        #expect(
            answer["history"]?["pendingScale"] == [
                "from": 2, "to": 5, "at": "2026-01-01T00:00:00.000000Z", "startsCooldown": true,
            ])
        #expect(answer["metrics"]?[0]?["targetType"] == "Value")
    }

    @Test("a reading caps its metric with the replicas that its source has work for, from 1 to the largest count")
    func usefulReplicas() throws {
        func request(_ useful: JSON) -> JSON {
            Self.request(["readings": [["name": "prometheus", "value": 350, "usefulReplicas": useful]]])
        }
        let answer = try Self.answer(request(4))
        #expect(answer["desired"] == 4 && answer["limitedBy"] == ["UsefulReplicas"])
        #expect(answer["metrics"]?[0]?["usefulReplicas"] == 4 && answer["metrics"]?[0]?["recommended"] == 4)
        for wrong in [0, -1, 2_147_483_648, 1.5, "3"] as [JSON] {
            #expect(Self.problems(request(wrong)) == ["readings[0].usefulReplicas"], "\(wrong)")
        }
    }

    @Test("a reading's active decides about the start from 0 replicas in place of the activation value")
    func activity() throws {
        func request(_ value: JSON, _ active: JSON) -> JSON {
            Self.request(
                [
                    "replicas": ["current": 0], "history": ["scaledToZero": true, "seenAboveZero": true],
                    "readings": [["name": "prometheus", "value": value, "active": active]],
                ], spec: ["minReplicas": 0])
        }
        let started = try Self.answer(request(0, true))
        #expect(started["desired"]?.intValue ?? 0 > 0 && started["metrics"]?[0]?["active"] == true)
        #expect(started["reason"]?.stringValue?.contains("the source of prometheus is active") == true)
        #expect(try Self.answer(request(350, false))["desired"] == 0)
        for wrong in [0, 1, "true", []] as [JSON] {
            #expect(Self.problems(request(1, wrong)) == ["readings[0].active"], "\(wrong)")
        }
    }

    @Test("omitted fields have the documented defaults")
    func defaults() throws {
        let answer = try Self.answer(
            Self.request(["replicas": ["current": 4], "readings": [["name": "prometheus", "value": 100]]]))
        #expect(answer["ready"] == 4)
        #expect(answer["metrics"]?[0]?["observedAt"] == "2026-01-01T00:00:00.000Z")
        #expect(try Self.answer(Self.request(["readings": []]))["limitedBy"] == ["NoData"])
    }

    @Test(
        "an omitted target type is the one that the plugin declares",
        arguments: [
            ("prometheus", [:], "Value"), ("redis", [:], "AverageValue"), ("postgresql", [:], "AverageValue"),
            ("kafka", [:], "AverageValue"), ("kubernetes-resource", ["resource": "cpu"], "Value"),
            ("kubernetes-external", [:], "AverageValue"), ("kubernetes-objects", [:], "AverageValue"),
            ("kubernetes-custom", [:], "Value"), ("kubernetes-custom", ["object": [:]], "AverageValue"),
            ("http", [:], "AverageValue"),
            ("pubsub", ["metric": "undelivered"], "AverageValue"), ("pubsub", ["metric": "oldestUnackedAge"], "Value"),
        ] as [(String, JSON, JSON)])
    func targetTypes(type: String, config: JSON, targetType: JSON) throws {
        let metrics: JSON = [["type": .string(type), "config": config, "targetValue": 100]]
        let answer = try Self.answer(Self.request(["readings": []], spec: ["metrics": metrics]))
        #expect(answer["metrics"]?[0]?["targetType"] == targetType)
    }

    @Test("a metric type of another plugin requires a target type")
    func unknownTargetType() throws {
        let metrics: JSON = [["type": "mine", "targetValue": 100]]
        #expect(
            Self.problems(Self.request(["readings": []], spec: ["metrics": metrics])) == ["spec.metrics[0].targetType"])
        let typed: JSON = [["type": "mine", "targetValue": 100, "targetType": "AverageValue"]]
        #expect(try Self.answer(Self.request(["readings": []], spec: ["metrics": typed]))["desired"] == 2)
    }

    @Test("a pubsub reading counts for 300 s, and a reading of another type for 60 s")
    func maxAge() throws {
        for (type, desired) in [("pubsub", 5), ("redis", 2)] as [(String, JSON)] {
            let answer = try Self.answer(
                Self.request(
                    ["readings": [["name": .string(type), "value": 900, "observedAt": "2025-12-31T23:55:00Z"]]],
                    spec: ["metrics": [["type": .string(type), "targetValue": 100]]]))
            #expect(answer["desired"] == desired, "\(type)")
        }
    }

    @Test(
        "an invalid decision request is reported with the field's path",
        arguments: [
            (["now": "noon"], "now"), (["now": nil], "now"), (["replicas": [:]], "replicas.current"),
            (["replicas": ["current": -1]], "replicas.current"), (["replicas": ["current": 1, "x": 1]], "replicas.x"),
            (["readings": nil], "readings"), (["readings": [["name": "other", "value": 1]]], "readings[0].name"),
            (["readings": [["name": "prometheus"]]], "readings[0]"),
            (["readings": [["name": "prometheus", "value": 1, "noData": true]]], "readings[0]"),
            (["readings": [["name": "prometheus", "value": "1"]]], "readings[0].value"),
            (
                ["readings": [["name": "prometheus", "value": 1], ["name": "prometheus", "value": 1]]],
                "readings[1].name"
            ),
            (["history": ["lastScaleUp": "x"]], "history.lastScaleUp"),
            (["history": ["pendingScale": ["from": 1]]], "history.pendingScale.to"),
            (["history": ["recommendations": [["replicas": 1]]]], "history.recommendations[0].at"),
            (["spec": ["maxReplicas": 0]], "spec.targetDeployment"), (["extra": 1], "extra"),
        ] as [([String: JSON], String)])
    func problem(changes: [String: JSON], path: String) {
        #expect(Self.problems(Self.request(changes)).first == path)
    }

    @Test("a pending change is classified by the replicas as completed, failed or made by another client")
    func pending() throws {
        let history: JSON = ["pendingScale": ["from": 2, "to": 5, "at": "2025-12-31T23:59:00Z"]]
        func after(_ current: JSON) throws -> JSON? {
            try Self.answer(Self.request(["replicas": ["current": current], "history": history]))["history"]
        }
        #expect(try after(5)?["lastScaleUpTime"] == "2025-12-31T23:59:00.000000Z")
        #expect(try after(2)?["lastScaleUpTime"] == nil)
        #expect(try after(2)?["lastOutsideChangeTime"] == nil)
        #expect(try after(7)?["lastOutsideChangeTime"] == "2026-01-01T00:00:00.000000Z")
        let jump: JSON = [
            "pendingScale": ["from": 2, "to": 5, "at": "2025-12-31T23:59:00Z", "startsCooldown": false]
        ]
        let answer = try Self.answer(Self.request(["replicas": ["current": 5], "history": jump]))
        #expect(answer["history"]?["lastScaleUpTime"] == nil)
    }

    @Test("a history with a scaling event implies that the target has been above 0, unless it states otherwise")
    func seenAboveZero() throws {
        func limits(_ history: JSON) throws -> JSON? {
            try Self.answer(Self.request(["replicas": ["current": 0, "ready": 0], "history": history]))["limitedBy"]
        }
        #expect(try limits(["lastScaleUpTime": "2025-12-31T23:59:00.000001Z"]) == ["SwitchedOff"])
        #expect(
            try limits(["lastScaleUpTime": "2025-12-31T23:59:00.000001Z", "seenAboveZero": false]) == ["BoundsJump"])
        #expect(try limits([:]) == ["BoundsJump"])
    }

    /// A random number generator (SplitMix64), for reproducible runs.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("a chain of JSON decisions equals an operator that never stops", arguments: 0..<40 as Range<UInt64>)
    func chain(seed: UInt64) throws {
        var random = Random(state: seed)
        let windows: [JSON] = [0, 60, 300]
        let values: [Int64?] = [0, 0, 90, 150, 400, nil]
        var fields =
            Self.request(
                spec: [
                    "minReplicas": .integer(.random(in: 0...2, using: &random)),
                    "safety": [
                        "cooldownSeconds": .integer(.random(in: 0...90, using: &random)),
                        "scaleUpStabilizationSeconds": windows.randomElement(using: &random) ?? 0,
                        "scaleDownStabilizationSeconds": windows.randomElement(using: &random) ?? 0,
                    ],
                    "fallback": ["behavior": "Static", "replicas": 6],
                ]
            ).objectValue ?? [:]
        var memory = ScalingHistory()
        var current = 2
        var time = Int64(1_767_225_600)
        for _ in 0..<150 {
            let value = values.randomElement(using: &random) ?? nil
            let now = RFC3339.text(microseconds: time * 1_000_000)
            fields["now"] = .string(now)
            fields["replicas"] = ["current": .integer(Int64(current))]
            fields["readings"] = [
                value.map { ["name": "prometheus", "value": .integer($0)] } ?? ["name": "prometheus", "noData": true]
            ]
            var input = try DecisionRequest(.object(fields), zones: UniversalTimeOnly()).input
            let answer = DecisionEngine.decide(input).json(of: input)
            input.history = memory
            let outcome = DecisionEngine.decide(input)
            let record = answer.objectValue?.filter { $0.key != "history" }
            #expect(record == outcome.decision.json.objectValue, "seed \(seed)")
            memory = outcome.history
            fields["history"] = answer["history"]
            if outcome.decision.changesReplicas {
                memory.recordScale(
                    from: current, to: outcome.decision.desired, at: input.now,
                    startsCooldown: outcome.decision.startsCooldown)
                current = outcome.decision.desired
            } else if Int.random(in: 0..<20, using: &random) == 0 {
                // Not right after a change by the scaler, because its outcome would be ambiguous.
                current = .random(in: 0...12, using: &random)
            }
            time += [15, 15, 15, 15, 0, -40, 200].randomElement(using: &random) ?? 15
        }
    }
}
