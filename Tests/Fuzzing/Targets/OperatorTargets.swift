import KubernetesClient
import Scaling
import WireFormats

@testable import Operator
@testable import ScalerAPI

extension FuzzTarget {
    private static let now = Timestamp(microsecondsSince1970: 1_767_323_045_000_000)

    /// The resource with its status, up to the decision.
    static let generalScaler = FuzzTarget("general-scaler") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input) else { return }
        _ = try? Explanation(
            object: json, events: json["events"]?.arrayValue ?? [], now: now, zones: UniversalTimeOnly())
        _ = SecretObject(json)
        if let budget = try? ScalingBudget(json, zones: UniversalTimeOnly()),
            let spec = budget.effective(zones: UniversalTimeOnly())
        {
            for limit in spec.limits { _ = spec.amount(of: limit, at: now) }
        }
        guard let scaler = try? GeneralScaler(json, zones: UniversalTimeOnly()) else { return }
        _ = scaler.status.mergePatch.encoded()
        guard case .success(let spec) = scaler.spec else { return }
        for metric in spec.metrics {
            let template = ConfigTemplate(metric.config, path: "spec.metrics[0].config")
            _ = template.filledWithStandIns()
        }
        guard
            let resolved = try? spec.scalingSpec(declaration: { _, _ in
                BuiltinMetricTypes.Declaration(targetType: .value)
            })
        else { return }
        // A target of any kind, whose controller may write any readiness.
        let target = try? CachedTarget(json)
        for value in [0.001, 1_000_000] {
            let outcome = DecisionEngine.decide(
                DecisionInput(
                    spec: resolved, now: now, current: 7, ready: target?.ready.count(isReportedByKind: value < 1),
                    observations: [.value(value, observedAt: now), .failed("the source is gone")],
                    history: scaler.status.history))
            let desired = outcome.decision.desired
            try require(desired >= 0 && desired <= max(spec.maxReplicas, 7), "\(desired) replicas are desired")
            _ = ScalerStatus(decision: outcome.decision, history: outcome.history).mergePatch.encoded()
        }
    }

    /// A request of `generalscaler decide`, and the history in its answer.
    static let decisionRequest = FuzzTarget("decision-request") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input), let request = try? DecisionRequest(json, zones: UniversalTimeOnly())
        else { return }
        let outcome = DecisionEngine.decide(request.input)
        let answer = outcome.json(of: request.input)
        let written = answer.encoded()
        try require((try? JSON(parsing: written))?.encoded() == written, "the answer is read as another")
        guard var next = json.objectValue else { return }
        next["history"] = answer["history"]
        do throws(InvalidSpec) {
            _ = try DecisionRequest(.object(next), zones: UniversalTimeOnly())
        } catch {
            throw FuzzFinding("its own history is refused: \(error.description.prefix(400))")
        }
    }

    /// The text of a formula, computed from readings of every kind.
    static let formula = FuzzTarget("formula") { (input) throws(FuzzFinding) in
        let text = String(decoding: input, as: UTF8.self)
        let formula: Formula
        do throws(FormulaError) {
            formula = try Formula(parsing: text)
        } catch {
            return try requireShort(error.description, "the error")
        }
        try require(text.utf8.count <= Formula.Limits.bytes, "a formula of \(text.utf8.count) bytes is accepted")
        _ = formula.subtractionProblem(among: ["a-b", "redis-2"])
        let kinds: [MetricObservation] = [
            .value(2.5, observedAt: now), .noData("empty"), .failed("gone"), .assumed(-1e308, observedAt: now),
            .value(0, observedAt: now),
        ]
        for shift in kinds.indices {
            let readings = formula.names.enumerated().map { ($1, kinds[($0 + shift) % kinds.count]) }
            let result = formula.evaluate(Dictionary(readings) { first, _ in first }, now: now)
            try require(result.observation.value?.isFinite ?? true, "the result is \(result.observation)")
            let shown = result.filled.count
            try require(shown <= Formula.Limits.shownCharacters + 1, "\(shown) characters are shown")
        }
    }

    static let admissionReview = FuzzTarget("admission-review") { (input) throws(FuzzFinding) in
        let request: AdmissionRequest
        do throws(JSONPathError) {
            request = try AdmissionRequest(reading: input[...], isFromAPIServer: true)
        } catch {
            return try requireShort(error.description, "the error")
        }
        var verdict = AdmissionVerdict()
        switch request.spec {
        case nil: break
        case .failure(let invalid): verdict.problems = invalid.problems
        case .success(let spec):
            for (index, metric) in spec.metrics.enumerated() {
                let template = ConfigTemplate(metric.config, path: "spec.metrics[\(index)].config")
                verdict.problems += template.problems
                verdict.warnings += template.places.map(\.path)
            }
        }
        let answer = request.answer(verdict)
        let message = answer["response"]?["status"]?["message"]?.stringValue ?? ""
        try requireShort(message, "the refusal")
        try require(answer["response"]?["uid"]?.stringValue == request.uid, "answers another request")
    }
}
