import Scaling
import WireFormats

/// An entry of `metrics`, read without regard to the others.
enum MetricEntry {
    /// Read from a plugin.
    case source(MetricSourceSpec)
    case formula(FormulaMetricSpec)
    case malformed(MalformedMetric)

    /// - Parameter problems: gets each problem of the entry that does not follow from another one.
    init(_ entry: JSONReader, index: Int, problems: inout [JSONPathError]) {
        do throws(JSONPathError) {
            if let formula = try entry.optional("formula") {
                self = Self.formula(formula, entry, index, &problems)
            } else {
                self = .source(try Self.source(entry, index))
            }
        } catch {
            problems.append(error)
            self = .malformed(MalformedMetric(entry, index, formula: nil))
        }
    }

    var name: String {
        switch self {
        case .source(let metric): metric.name
        case .formula(let metric): metric.name
        case .malformed(let metric): metric.name
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
        _ formula: JSONReader, _ entry: JSONReader, _ index: Int, _ problems: inout [JSONPathError]
    ) -> MetricEntry {
        func attempt<Value>(_ read: () throws(JSONPathError) -> Value) -> Value? {
            do throws(JSONPathError) {
                return try read()
            } catch {
                problems.append(error)
                return nil
            }
        }
        let before = problems.count
        for field in ["type", "config", "timeoutSeconds", "maxAgeSeconds"] {
            guard let value = try? entry.optional(field) else { continue }
            problems.append(
                value.error("is not allowed with formula, which computes the metric without a plugin; remove it"))
        }
        let parsed = attempt { () throws(JSONPathError) in
            let text = try formula.nonEmptyString()
            do throws(FormulaError) {
                return try Formula(parsing: text)
            } catch {
                throw formula.error(error.description)
            }
        }
        let name = attempt { () throws(JSONPathError) in try entry.required("name").name(.metricName) }
        let target = attempt { () throws(JSONPathError) in try positive(try entry.required("targetValue")) }
        let type = attempt { () throws(JSONPathError) in
            try entry.required("targetType").oneOf(MetricSpec.TargetType.self)
        }
        let activation = attempt { () throws(JSONPathError) in try entry.optional("activationValue")?.double() ?? 0 }
        guard problems.count == before, let parsed, let name, let target, let type, let activation else {
            return .malformed(MalformedMetric(entry, index, formula: .some(parsed)))
        }
        return .formula(
            FormulaMetricSpec(
                index: index, name: name, formula: parsed, targetValue: target, targetType: type,
                activationValue: activation))
    }

    private static func positive(_ target: JSONReader) throws(JSONPathError) -> Double {
        let value = try target.double()
        guard value > 0 else { throw target.error("must be greater than 0") }
        return value
    }
}

/// What other metrics of a spec can refer to in an entry that is malformed.
struct MalformedMetric {
    let index: Int
    /// Empty if it has none.
    var name: String
    let type: String
    /// Whether the entry has a formula.
    let isFormula: Bool
    /// The entry's formula, if that is well-formed.
    let formula: Formula?

    /// - Parameter formula: nil for an entry without one, and nil inside for a malformed one.
    init(_ entry: JSONReader, _ index: Int, formula: Formula??) {
        self.index = index
        name = entry.value["name"]?.stringValue ?? ""
        type = entry.value["type"]?.stringValue ?? ""
        isFormula = formula != nil
        self.formula = formula ?? nil
    }
}

/// The metrics of a spec, each with its name.
struct MetricEntries {
    var sources: [MetricSourceSpec] = []
    var formulas: [FormulaMetricSpec] = []
    var malformed: [MalformedMetric] = []

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
        let expressions =
            formulas.map { ($0.index, $0.formula) }
            + malformed.compactMap { metric in metric.formula.map { (metric.index, $0) } }
        var problems = expressions.flatMap(namingProblems)
        // Any metric may be an input of a formula that cannot be read.
        guard !malformed.contains(where: { $0.isFormula && $0.formula == nil }) else { return problems }
        let used = objective.union(expressions.flatMap(\.1.names))
        for metric in sources where metric.targetValue == nil && !used.contains(metric.name) {
            problems.append(
                JSONPathError(
                    path: "spec.metrics[\(metric.index)].targetValue",
                    message: "is required: without it, \(metric.name) is an input, and neither a formula nor "
                        + "policy.config.objective names it"))
        }
        if formulas.isEmpty, malformed.isEmpty, sources.allSatisfy({ $0.targetValue == nil }), problems.isEmpty {
            problems.append(
                JSONPathError(path: "spec.metrics", message: "must have at least one metric with a targetValue"))
        }
        return problems
    }

    private func namingProblems(index: Int, formula: Formula) -> [JSONPathError] {
        let path = "spec.metrics[\(index)].formula"
        let known =
            (sources.map { ($0.index, $0.name) } + malformed.filter { !$0.isFormula }.map { ($0.index, $0.name) })
            .sorted { $0.0 < $1.0 }.map(\.1)
        if let error = formula.subtractionProblem(among: known) {
            return [JSONPathError(path: path, message: error.description)]
        }
        let formulaNames = formulas.map(\.name) + malformed.filter(\.isFormula).map(\.name)
        return formula.names.filter { !known.contains($0) }.map { name in
            let message =
                formulaNames.contains(name)
                ? "\(name) is a formula, and a formula cannot name another formula: repeat its expression"
                : "unknown metric \"\(name.prefix(64))\"; metrics that a formula can name here: "
                    + known.joined(separator: ", ")
            return JSONPathError(path: path, message: formula.error(naming: name, message).description)
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
