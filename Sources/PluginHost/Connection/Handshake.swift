import PluginProtocol
import WireFormats

/// The reason why a plugin's answer to `initialize` is rejected, with its fix.
struct HandshakeProblem: Error, Hashable {
    let message: String
}

enum Handshake {
    /// Checks the answer to `initialize`.
    static func check(
        _ result: Result<PluginResult, PluginError>
    ) throws(HandshakeProblem) -> InitializeResult {
        switch result {
        case .failure(let error) where error.kind == .unsupportedVersion:
            throw HandshakeProblem(
                message: "it does not support a protocol version of this host (\(spoken)): \(error.message). "
                    + "Install a matching version of the plugin, or a newer generalscaler")
        case .failure(let error):
            throw HandshakeProblem(message: "it refused initialize: \(error)")
        case .success(.reading):
            throw HandshakeProblem(message: "it answered initialize with a reading")
        case .success(.json(let json)):
            let initialized: InitializeResult
            do throws(JSONPathError) {
                initialized = try InitializeResult(JSONReader(json))
            } catch {
                throw HandshakeProblem(
                    message:
                        "its answer to initialize is invalid: \(error) (rule \(rule(ofFaultAt: error.path).label)). Report "
                        + "it to the plugin's author")
            }
            try check(initialized)
            return initialized
        }
    }

    private static func rule(ofFaultAt path: String) -> ProtocolRule {
        if path.hasSuffix("configSchema") { return .configSchema }
        if path.hasPrefix("metricTypes") { return .metricTypes }
        return path.hasPrefix("capabilities") ? .capabilities : .handshakeShape
    }

    private static func check(_ initialized: InitializeResult) throws(HandshakeProblem) {
        guard ProtocolLimits.versions.contains(initialized.protocolVersion) else {
            throw HandshakeProblem(
                message: "it answered with protocol version \(initialized.protocolVersion), and the host offered "
                    + "\(spoken) (rule \(ProtocolRule.versionOffered.label)). "
                    + "Install a matching version of the plugin, or a newer generalscaler"
            )
        }
        var seen: Set<String> = []
        for type in initialized.metricTypes where !seen.insert(type.type).inserted {
            throw HandshakeProblem(
                message: "its answer to initialize names the metric type \"\(type.type)\" twice "
                    + "(rule \(ProtocolRule.metricTypes.label)). "
                    + "Report it to the plugin's author")
        }
    }

    private static var spoken: String { ProtocolLimits.versions.map(String.init).joined(separator: ", ") }
}
