import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// Checks an object from a file without a cluster or plugins.
struct ManifestCheck {
    private(set) var problems: [JSONPathError] = []
    /// A line for each metric with a formula: what it is computed from.
    private(set) var formulas: [String] = []

    /// Checks a GeneralScaler.
    init(scaler object: JSON) {
        check(object)
        let spec = GeneralScalerSpec.parse(
            object["spec"] ?? .null, unknownFields: .refused, zones: TimeZoneDirectory.system)
        switch spec {
        case .failure(let invalid): problems += invalid.problems
        case .success(let spec):
            let name = object["metadata"]?["name"]?.stringValue ?? ""
            formulas = spec.formulas.map { "\(name): \(spec.described($0))".cleaned }
        }
    }

    /// Checks a ScalingBudget.
    init(budget object: JSON) {
        check(object)
        let spec = ScalingBudgetSpec.parse(
            object["spec"] ?? .null, unknownFields: .refused, zones: TimeZoneDirectory.system)
        if case .failure(let invalid) = spec { problems += invalid.problems }
    }

    /// Checks what all objects have.
    private mutating func check(_ object: JSON) {
        let reader = JSONReader(object)
        attempt { () throws(JSONPathError) in
            try reader.rejectUnknown("apiVersion", "kind", "metadata", "spec", "status")
        }
        attempt { () throws(JSONPathError) in
            let version = try reader.required("apiVersion")
            guard try version.string() == GeneralScaler.apiVersion else {
                throw version.error("must be \(GeneralScaler.apiVersion)")
            }
        }
        do throws(JSONPathError) {
            problems += MetadataCheck(try reader.required("metadata")).problems
        } catch {
            problems.append(error)
        }
    }

    private mutating func attempt(_ check: () throws(JSONPathError) -> Void) {
        do throws(JSONPathError) {
            try check()
        } catch {
            problems.append(error)
        }
    }
}

extension GeneralScalerSpec {
    /// Returns a formula and the metrics that it is computed from, in the order of the formula.
    fileprivate func described(_ metric: FormulaMetricSpec) -> String {
        let inputs = metric.formula.names.map { name in
            // The name is of a metric that is read: a formula can name no other.
            metrics.first { $0.name == name }.map { "\(name) (\($0.type))" } ?? name
        }
        let list = [inputs.dropLast().joined(separator: ", "), inputs.last ?? ""].filter { !$0.isEmpty }
        return "\(metric.name) = \(metric.formula.line), computed from \(list.joined(separator: " and "))"
    }
}

/// A metric to be validated by its plugin. Parsed leniently, so that other errors in the metric do not prevent the
/// validation of its config.
struct ConfigToCheck {
    let path: String
    let type: String
    /// The config; its references to Secrets are checked with the rest of the object.
    let config: ConfigTemplate
    let targetValue: Double?
    /// What the operator would fill into the config.
    let scaler: FilledScaler

    static func all(_ object: JSON) -> [ConfigToCheck] {
        let scaler = FilledScaler(object)
        return (object["spec"]?["metrics"]?.arrayValue ?? []).enumerated().compactMap { index, metric in
            guard let type = metric["type"]?.stringValue else { return nil }
            let path = "spec.metrics[\(index)]"
            guard case .object(let config) = metric["config"] ?? [:] else { return nil }
            return ConfigToCheck(
                path: path, type: type, config: ConfigTemplate(.object(config), path: "\(path).config"),
                targetValue: metric["targetValue"]?.doubleValue, scaler: scaler)
        }
    }
}

extension FilledScaler {
    /// Takes from an object what is there: what is missing is reported elsewhere, and stands for any value here.
    init(_ object: JSON) {
        let metadata = object["metadata"]
        let spec = GeneralScalerSpec.parse(object["spec"] ?? .null, unknownFields: .ignored)
        self.init(
            namespace: metadata?["namespace"]?.stringValue ?? "default",
            name: metadata?["name"]?.stringValue ?? "name",
            target: (try? spec.get().target) ?? TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "name")
        )
    }
}
