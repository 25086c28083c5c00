import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("A metric with a formula")
struct FormulaMetricTests {
    private static let backlog: JSON = ["name": "backlog", "type": "redis"]
    private static let rate: JSON = ["name": "rate", "type": "mine"]
    private static let drain: JSON = [
        "name": "drain", "formula": "backlog / max(rate, 1)", "targetValue": 30, "targetType": "Value",
    ]

    private static func spec(_ metrics: [JSON], _ rest: [String: JSON] = [:]) -> JSON {
        let base: [String: JSON] = ["targetDeployment": "web", "maxReplicas": 20, "metrics": .array(metrics)]
        return .object(base.merging(rest) { $1 })
    }

    private static func drain(_ changes: [String: JSON]) -> JSON {
        .object((drain.objectValue ?? [:]).merging(changes) { $1 })
    }

    private static func problems(_ metrics: [JSON], _ rest: [String: JSON] = [:]) -> [String] {
        switch GeneralScalerSpec.parse(spec(metrics, rest), unknownFields: .refused) {
        case .success: []
        case .failure(let invalid): invalid.problems.map(\.description)
        }
    }

    @Test("a formula and the metrics that it names keep the order of the spec")
    func parsed() throws {
        let metrics: [JSON] = [Self.drain, Self.backlog, ["type": "redis", "targetValue": 5], Self.rate]
        let spec = try GeneralScalerSpec.parse(Self.spec(metrics)).get()
        #expect(spec.metricNames == ["drain", "backlog", "redis", "rate"])
        #expect(spec.metrics.map(\.path) == ["spec.metrics[1]", "spec.metrics[2]", "spec.metrics[3]"])
        let scaling = try spec.scalingSpec { type, config in
            BuiltinMetricTypes.declaration(type: type, config: config)
        }
        #expect(scaling.metrics.map(\.name) == ["drain", "redis"])
        #expect(scaling.inputs.map(\.name) == ["backlog", "rate"])
    }

    @Test("all problems of formulas are reported at once, also beside malformed ones")
    func together() {
        let problems = Self.problems([
            Self.backlog, ["type": "redis", "activationValue": 3],
            ["type": "redis", "name": "if", "targetType": "Value"],
            Self.drain(["name": "a", "formula": "backlog +"]), Self.drain(["name": "b", "formula": "nothing + redis"]),
            Self.drain(["name": "c", "formula": "max(a, b)", "targetValue": "7d"]),
            ["formula": "redis", "type": "redis", "targetType": "Value", "targetValue": 0],
        ])
        #expect(
            problems.map { String($0.prefix { $0 != "," && $0 != ";" }) } == [
                "spec.metrics[1].activationValue: requires targetValue: a metric without one is an input",
                "spec.metrics[2].targetType: requires targetValue: a metric without one is an input",
                "spec.metrics[3].formula: character 10: expected a number",
                "spec.metrics[5].targetValue: must be a number",
                "spec.metrics[6].type: is not allowed with formula", "spec.metrics[6].name: is required",
                "spec.metrics[6].targetValue: must be greater than 0",
                "spec.metrics[4].formula: character 1: unknown metric \"nothing\"",
                "spec.metrics[5].formula: character 5: a is a formula",
                "spec.metrics[5].formula: character 8: b is a formula",
            ], "\(problems)")
    }

    @Test("an input is not called unused while a formula that may name it is malformed")
    func unknownUse() {
        let problems = Self.problems([Self.backlog, Self.rate, Self.drain(["formula": "backlog +"])])
        #expect(problems.count == 1 && problems[0].hasPrefix("spec.metrics[2].formula: "), "\(problems)")
    }

    @Test(
        "a formula that refers to an unknown metric or another formula is refused, with the place in its text",
        arguments: [
            (
                [backlog, rate, drain(["formula": "backlog + raet"])],
                [
                    "spec.metrics[2].formula: character 11: unknown metric \"raet\"; metrics that a formula can name here: "
                        + "backlog, rate",
                    "spec.metrics[1].targetValue: is required: without it, rate is an input, and neither a formula nor "
                        + "policy.config.objective names it",
                ]
            ),
            (
                [backlog, rate, drain, drain(["name": "more", "formula": "drain + 1"])],
                [
                    "spec.metrics[3].formula: character 1: drain is a formula, and a formula cannot name another formula: "
                        + "repeat its expression"
                ]
            ),
            (
                [backlog, rate, drain(["formula": "rate + backlog * drain"])],
                [
                    "spec.metrics[2].formula: character 18: drain is a formula, and a formula cannot name another formula: "
                        + "repeat its expression"
                ]
            ),
            (
                [["type": "redis", "targetValue": 1], ["type": "redis"], drain(["formula": "redis-2"])],
                [
                    "spec.metrics[2].formula: character 1: redis-2 is a metric, but is read as a subtraction: write "
                        + "\"redis-2\" in quotes, or spaces around the minus sign",
                    "spec.metrics[1].targetValue: is required: without it, redis-2 is an input, and neither a formula nor "
                        + "policy.config.objective names it",
                ]
            ),
            (
                [backlog, rate, drain(["formula": "backlog / max(rate, 1"])],
                ["spec.metrics[2].formula: character 22: expected a comma or a closing parenthesis, not the end"]
            ),
            (
                [backlog, rate, drain(["maxAgeSeconds": 5])],
                [
                    "spec.metrics[2].maxAgeSeconds: is not allowed with formula, which computes the metric without a "
                        + "plugin; remove it"
                ]
            ),
        ] as [([JSON], [String])])
    func references(metrics: [JSON], problems: [String]) {
        #expect(Self.problems(metrics) == problems)
    }

    @Test("an input that only the objective refers to is accepted")
    func objective() {
        let policy: JSON = [
            "config": ["objective": ["metric": "short", "longMetric": "long", "percent": 99.5]]
        ]
        let errors: [JSON] = [["name": "short", "type": "mine"], ["name": "long", "type": "mine"]]
        let deciding: JSON = ["type": "redis", "targetValue": 5]
        #expect(Self.problems([deciding] + errors, ["policy": policy]) == [])
        #expect(
            Self.problems(errors, ["policy": policy]) == [
                "spec.metrics: must have at least one metric with a targetValue"
            ])
        #expect(Self.problems([deciding] + errors).count == 2)
    }

    private static func decide(_ readings: JSON) throws -> JSON {
        let request = try DecisionRequest(
            [
                "spec": spec([backlog, rate, drain]), "now": "2026-01-01T00:00:00.000007Z", "replicas": ["current": 4],
                "readings": readings,
            ], zones: UniversalTimeOnly())
        return DecisionEngine.decide(request.input).json(of: request.input)
    }

    @Test("`decide` computes a formula from the readings of its inputs")
    func decided() throws {
        let answer = try Self.decide([
            ["name": "rate", "value": 2, "observedAt": "2025-12-31T23:59:31.5Z"], ["name": "backlog", "value": 84],
        ])
        #expect(answer["desired"] == 6)
        #expect(answer["metrics"]?.arrayValue?.count == 1)
        #expect(answer["metrics"]?[0]?["filledFormula"] == "84 / max(2, 1)")
        #expect(answer["metrics"]?[0]?["observedAt"] == "2025-12-31T23:59:31.500Z")
        #expect(answer["inputs"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["backlog", "rate"])
        let missing = try Self.decide([["name": "backlog", "value": 84]])
        #expect(missing["metrics"]?[0]?["noData"] == "rate has no data: no reading was given")
        #expect(missing["inputs"]?[1]?["noData"] == "no reading was given")
        #expect(throws: InvalidSpec.self) { try Self.decide([["name": "drain", "value": 3]]) }
    }

    @Test("an explanation shows a formula with its inputs, and the results that would change the replicas")
    func explained() throws {
        func text(_ metric: [String: JSON?]) throws -> String {
            let drain: [String: JSON] = [
                "name": "drain", "value": 42, "target": 30, "targetType": "Value", "recommended": 6,
                "formula": "backlog / max(rate, 1)", "filledFormula": "84 / max(2, 1)",
            ]
            let object: JSON = [
                "metadata": ["namespace": "shop", "name": "web", "uid": "u1", "resourceVersion": "7"],
                "spec": Self.spec([Self.backlog, Self.rate, Self.drain]),
                "status": [
                    "reason": "Scale from 4 to 6.", "lastDecisionTime": "2025-12-31T23:58:00Z", "currentReplicas": 6,
                    "readyReplicas": 6, "metrics": [.object(drain.merging(metric.mapValues { $0 ?? .null }) { $1 })],
                    "inputs": [["name": "backlog", "value": 84], ["name": "rate", "noData": "empty"]],
                ],
            ]
            let now = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
            return try Explanation(object: object, events: [], now: now, zones: UniversalTimeOnly()).text
        }
        let observed = try text([:])
        #expect(observed.contains("  Input backlog was 84.\n  Input rate has no value: empty.\n"))
        #expect(observed.contains("  drain was 42 (84 / max(2, 1)) against a target of 30, which asks for 6.\n"))
        #expect(observed.contains("A scale-up happens when drain is above 33."))
        #expect(!observed.contains("stands in"))
        let missing = try text([
            "value": nil, "noData": "rate has no data: empty", "filledFormula": "84 / max(no data, 1)",
        ])
        #expect(
            missing.contains("  drain has no value (84 / max(no data, 1)): rate has no data: empty.\n"), "\(missing)")
        let assumed = try text(["assumed": true])
        #expect(assumed.contains("While drain stands in for a missing value, no replica is removed."))
    }
}
