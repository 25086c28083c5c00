import Operator
import ScalerAPI
import TimeZones
import WireFormats

/// Checks a GeneralScaler of a file with the checks that need no cluster and no plugin.
struct ManifestCheck {
    private(set) var problems: [JSONPathError] = []

    init(_ object: JSON) {
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
        let spec = GeneralScalerSpec.parse(
            object["spec"] ?? .null, unknownFields: .refused, zones: TimeZoneDirectory.system)
        if case .failure(let invalid) = spec {
            problems += invalid.problems
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

/// A metric as far as its plugin has to judge it. It is read leniently: what else is wrong with the metric does not
/// keep its plugin from looking at the config.
struct ConfigToCheck {
    let path: String
    let type: String
    /// Its references to Secrets are checked with the rest of the object.
    let config: ConfigTemplate

    static func all(_ object: JSON) -> [ConfigToCheck] {
        (object["spec"]?["metrics"]?.arrayValue ?? []).enumerated().compactMap { index, metric in
            guard let type = metric["type"]?.stringValue else { return nil }
            let path = "spec.metrics[\(index)]"
            guard case .object(let config) = metric["config"] ?? [:] else { return nil }
            return ConfigToCheck(
                path: path, type: type, config: ConfigTemplate(.object(config), path: "\(path).config"))
        }
    }
}
