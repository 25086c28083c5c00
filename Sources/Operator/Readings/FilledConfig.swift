import PluginHost
import PluginProtocol
package import ScalerAPI
package import WireFormats

/// What the operator fills into configs: the scaler that a metric belongs to, and its target.
package struct FilledScaler: Sendable, Hashable {
    package var namespace: String
    package var name: String
    package var target: TargetReference
    /// The label selector of the target's pods; nil while the target is unknown.
    package var selector: String?

    package init(namespace: String, name: String, target: TargetReference, selector: String? = nil) {
        self.namespace = namespace
        self.name = name
        self.target = target
        self.selector = selector
    }

    fileprivate func text(_ value: FilledValue) -> String? {
        switch value {
        case .scalerNamespace: namespace
        case .scalerName: name
        case .targetAPIVersion: target.apiVersion
        case .targetKind: target.kind
        case .targetName: target.name
        case .targetSelector: selector
        }
    }
}

extension MetricSource {
    /// Returns once the plugin of a type has said which fields the operator fills in, or could not be asked.
    package func untilDeclared(_ type: String) async {
        guard metricType(type) == nil else { return }
        _ = await validate(type: type, config: PluginConfig([:]))
    }

    /// Returns a metric's own config over the defaults of its type, with the fields that the operator fills in.
    ///
    /// - Parameter path: the config's own, such as `spec.metrics[0].config`.
    package func template(type: String, own: JSON, for scaler: FilledScaler, path: String) -> ConfigTemplate {
        let fields = metricType(type)?.filledFields.values ?? [:]
        let filled = fields.compactMapValues { scaler.text($0).map { JSON.string($0) } }
        let config = defaulted(type: type, own: own)
        guard case .object(let members) = config.json, !fields.isEmpty else {
            return ConfigTemplate(config.json, path: path, inherited: config.inherited)
        }
        // What the administrator's defaults say there does not count.
        let rest = members.filter { fields[$0.key] == nil }
        return ConfigTemplate(
            .object(rest.merging(filled) { $1 }), path: path,
            inherited: config.inherited.subtracting(fields.keys))
    }

    /// Returns a problem for each field of a metric's own config that the operator fills in.
    package func filledFieldProblems(type: String, own: JSON, path: String) -> [JSONPathError] {
        (metricType(type)?.filledFields.values ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
            guard own[name] != nil else { return nil }
            return JSONPathError(
                path: "\(path).\(name)",
                message: "is filled in by the operator with \(value.rawValue): remove it")
        }
    }
}
