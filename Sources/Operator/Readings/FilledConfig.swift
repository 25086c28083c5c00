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

    fileprivate func text(_ value: FilledValue, targetValue: Double?) -> String? {
        switch value {
        case .scalerNamespace: namespace
        case .scalerName: name
        case .targetAPIVersion: target.apiVersion
        case .targetKind: target.kind
        case .targetName: target.name
        case .targetSelector: selector
        case .metricTargetValue: targetValue.map { JSON.number($0).description }
        case .defaults: nil
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
    /// - Parameters:
    ///   - targetValue: the metric's target; nil if it has none.
    ///   - path: the config's own, such as `spec.metrics[0].config`.
    package func template(
        type: String, own: JSON, targetValue: Double?, for scaler: FilledScaler, path: String
    ) -> ConfigTemplate {
        let installed = metricType(type)
        let fields = installed?.filledFields.values ?? [:]
        let defaultsPath = "plugins.\(installed?.plugin ?? type).defaults"
        guard case .object(let members) = own, !fields.isEmpty else {
            let config = defaulted(type: type, own: own)
            return ConfigTemplate(
                config.json, path: path, inherited: config.inherited, defaultsPath: defaultsPath)
        }
        let filled = fields.compactMapValues { scaler.text($0, targetValue: targetValue).map { JSON.string($0) } }
        // Without the members that are refused, so that one of them cannot replace a default.
        let config = defaulted(type: type, own: .object(members.filter { fields[$0.key] == nil }))
        // Other filled fields of the defaults are refused by the plugin's host.
        let rest = (config.json.objectValue ?? [:]).filter { fields[$0.key] ?? .defaults == .defaults }
        return ConfigTemplate(
            .object(rest.merging(filled) { $1 }), path: path,
            inherited: config.inherited.intersection(rest.keys), defaultsPath: defaultsPath)
    }

    /// Returns a problem for each field of a metric's own config that the operator fills in.
    package func filledFieldProblems(type: String, own: JSON, path: String) -> [JSONPathError] {
        (metricType(type)?.filledFields.values ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
            guard own[name] != nil else { return nil }
            return JSONPathError(
                path: "\(path).\(name)",
                message: value == .defaults
                    ? "is set by the administrator only, in the plugin's defaults in plugins.yaml: remove it"
                    : "is filled in by the operator with \(value.rawValue): remove it")
        }
    }
}
