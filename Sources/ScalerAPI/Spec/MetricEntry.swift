import Scaling
import WireFormats

/// An entry of `metrics`, read without regard to the others.
enum MetricEntry {
    /// Read from a plugin.
    case source(MetricSourceSpec)
    case formula(FormulaMetricSpec)

    init(_ entry: JSONReader, index: Int) throws(JSONPathError) {
        if let formula = try entry.optional("formula") {
            self = .formula(try Self.formula(formula, entry, index))
        } else {
            self = .source(try Self.source(entry, index))
        }
    }

    var name: String {
        switch self {
        case .source(let metric): metric.name
        case .formula(let metric): metric.name
        }
    }

    private static func source(_ entry: JSONReader, _ index: Int) throws(JSONPathError) -> MetricSourceSpec {
        let target = try entry.optional("targetValue").map { value throws(JSONPathError) in try positive(value) }
        if target == nil {
            for field in ["targetType", "activationValue"] {
                guard let value = try entry.optional(field) else { continue }
                throw value.error(
                    "requires targetValue: a metric without one is an input, which recommends no replicas")
            }
        }
        return MetricSourceSpec(
            index: index,
            type: try entry.required("type").name(.metricType),
            name: try entry.optional("name")?.name(.metricName) ?? "",
            config: .object(try entry.optional("config")?.object() ?? [:]),
            targetValue: target,
            targetType: try entry.optional("targetType")?.oneOf(MetricSpec.TargetType.self),
            activationValue: try entry.optional("activationValue")?.double() ?? 0,
            timeout: try entry.optional("timeoutSeconds").seconds(in: GeneralScalerSpec.Limits.timeoutSeconds)
                ?? MetricSourceSpec.defaultTimeout,
            maxAge: try entry.optional("maxAgeSeconds").seconds(in: GeneralScalerSpec.Limits.maxAgeSeconds)
        )
    }

    private static func formula(
        _ formula: JSONReader, _ entry: JSONReader, _ index: Int
    ) throws(JSONPathError) -> FormulaMetricSpec {
        for field in ["type", "config", "timeoutSeconds", "maxAgeSeconds"] {
            guard let value = try entry.optional(field) else { continue }
            throw value.error("is not allowed with formula, which computes the metric without a plugin; remove it")
        }
        let text = try formula.nonEmptyString()
        let parsed: Formula
        do throws(FormulaError) {
            parsed = try Formula(parsing: text)
        } catch {
            throw formula.error(error.description)
        }
        return FormulaMetricSpec(
            index: index,
            name: try entry.required("name").name(.metricName),
            formula: parsed,
            targetValue: try positive(try entry.required("targetValue")),
            targetType: try entry.required("targetType").oneOf(MetricSpec.TargetType.self),
            activationValue: try entry.optional("activationValue")?.double() ?? 0
        )
    }

    private static func positive(_ target: JSONReader) throws(JSONPathError) -> Double {
        let value = try target.double()
        guard value > 0 else { throw target.error("must be greater than 0") }
        return value
    }
}

/// The metrics of a spec, each with its name.
struct MetricEntries {
    var sources: [MetricSourceSpec] = []
    var formulas: [FormulaMetricSpec] = []

    /// In the order of the spec.
    var names: [String] {
        (sources.map { ($0.index, $0.name) } + formulas.map { ($0.index, $0.name) }).sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The metrics that have a target: all but inputs of formulas.
    var namesWithTarget: [String] { sources.filter { $0.targetValue != nil }.map(\.name) + formulas.map(\.name) }

    /// Returns what is wrong with how the metrics refer to one another.
    ///
    /// - Parameter objective: the metrics that the policy's objective names.
    func problems(objective: Set<String>) -> [JSONPathError] {
        var problems = formulas.flatMap(namingProblems)
        let used = objective.union(formulas.flatMap(\.formula.names))
        for metric in sources where metric.targetValue == nil && !used.contains(metric.name) {
            problems.append(
                JSONPathError(
                    path: "spec.metrics[\(metric.index)].targetValue",
                    message: "is required: without it, \(metric.name) is an input, and neither a formula nor "
                        + "policy.config.objective names it"))
        }
        if formulas.isEmpty, sources.allSatisfy({ $0.targetValue == nil }), problems.isEmpty {
            problems.append(
                JSONPathError(path: "spec.metrics", message: "must have at least one metric with a targetValue"))
        }
        return problems
    }

    private func namingProblems(_ metric: FormulaMetricSpec) -> [JSONPathError] {
        let path = "spec.metrics[\(metric.index)].formula"
        let known = sources.map(\.name)
        if let error = metric.formula.subtractionProblem(among: known) {
            return [JSONPathError(path: path, message: error.description)]
        }
        return metric.formula.names.filter { !known.contains($0) }.map { name in
            let isFormula = formulas.contains { $0.name == name }
            let message =
                isFormula
                ? "\(name) is a formula, and a formula cannot name another formula: repeat its expression"
                : "unknown metric \"\(name.prefix(64))\"; metrics that a formula can name here: "
                    + known.joined(separator: ", ")
            return JSONPathError(path: path, message: metric.formula.error(naming: name, message).description)
        }
    }
}

extension JSONReader? {
    /// Whole seconds as a duration.
    func seconds(in range: ClosedRange<Int>) throws(JSONPathError) -> Duration? {
        guard let self else { return nil }
        return .seconds(try self.int(in: range))
    }
}
