import Operator
import WireFormats

/// Checks a GeneralScaler of a file by everything that needs neither a cluster nor a plugin.
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
        attempt { () throws(JSONPathError) in try Self.checkName(reader.required("metadata")) }
        if case .failure(let invalid) = GeneralScalerSpec.parse(object["spec"] ?? .null, unknownFields: .refused) {
            problems += invalid.problems
        }
    }

    private static func checkName(_ metadata: JSONReader) throws(JSONPathError) {
        if let prefix = try metadata.optional("generateName") {
            _ = try prefix.nonEmptyString()
        } else {
            _ = try metadata.required("name").objectName()
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
    let config: SecretFreeConfig

    static func all(_ object: JSON) -> [ConfigToCheck] {
        (object["spec"]?["metrics"]?.arrayValue ?? []).enumerated().compactMap { index, metric in
            guard let type = metric["type"]?.stringValue else { return nil }
            let path = "spec.metrics[\(index)]"
            guard case .object(let config) = metric["config"] ?? [:] else { return nil }
            return ConfigToCheck(
                path: path, type: type, config: SecretFreeConfig(.object(config), path: "\(path).config"))
        }
    }
}

/// A config in which each reference to a Secret has a stand-in, since there is no Secret to read here.
struct SecretFreeConfig {
    private(set) var config: JSON = [:]
    /// Where the stand-ins are. What a plugin says of them means nothing.
    private(set) var references: [String] = []
    /// References that are not written as they have to be.
    private(set) var problems: [JSONPathError] = []

    private static let standIn: JSON = "value-of-a-secret"

    init(_ config: JSON, path: String) {
        self.config = replaced(JSONReader(config, path: path))
    }

    /// Whether a problem that a plugin finds at that place is one of a stand-in.
    func isReference(_ path: String) -> Bool {
        references.contains { path == $0 || path.hasPrefix($0 + ".") || path.hasPrefix($0 + "[") }
    }

    private mutating func replaced(_ value: JSONReader) -> JSON {
        switch value.value {
        case .object(let members):
            guard members["valueFrom"] == nil else {
                references.append(value.path)
                check(value)
                return Self.standIn
            }
            var replacement: [String: JSON] = [:]
            for (name, member) in members {
                replacement[name] = replaced(JSONReader(member, path: "\(value.path).\(name)"))
            }
            return .object(replacement)
        case .array(let elements):
            return .array(
                elements.enumerated().map { index, element in
                    replaced(JSONReader(element, path: "\(value.path)[\(index)]"))
                })
        default: return value.value
        }
    }

    private mutating func check(_ reference: JSONReader) {
        do throws(JSONPathError) {
            try reference.rejectUnknown("valueFrom")
            let source = try reference.required("valueFrom")
            try source.rejectUnknown("secretKeyRef")
            let key = try source.required("secretKeyRef")
            try key.rejectUnknown("name", "key", "optional")
            _ = try key.required("name").objectName()
            _ = try key.required("key").nonEmptyString()
            _ = try key.optional("optional")?.bool()
        } catch {
            problems.append(error)
        }
    }
}
