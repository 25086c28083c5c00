import PluginSDK
import SourceSupport

/// The fields of every metric type: the API server, which only the administrator chooses, and the namespace.
protocol APIServerConfig: MetricConfig {
    var address: String { get }
    var tls: TLSConfig? { get }
    var token: Secret? { get }
    var namespace: String? { get }
}

extension APIServerConfig {
    static var standardAddress: String { "https://kubernetes.default.svc" }

    var addressProblems: [ConfigProblem] {
        BaseURL.fault(of: address).map { [ConfigProblem(path: "address", message: $0.message)] } ?? []
    }

    /// - Throws: `config_invalid` if the host has not filled in the namespace.
    func scalerNamespace() throws(PluginError) -> String {
        guard let namespace else {
            throw PluginError(.configInvalid, "the operator did not fill in namespace: update it", path: "namespace")
        }
        return namespace
    }
}

/// Descriptions of the fields that the metric types share.
enum FieldHelp {
    static let address = "URL of the API server. Only the administrator sets it, in `plugins.yaml`."
    static let tls =
        "How to verify the API server: `ca` is its certificate authority. Only the administrator sets it, in "
        + "`plugins.yaml`."
    static let token =
        "Token of the plugin's ServiceAccount. Only the administrator sets it, in `plugins.yaml`; the chart does."
    static let namespace = "The namespace of the GeneralScaler, which the operator fills in."
    static let selector = "The selector of the target's pods, which the operator fills in."
    static let target = "The metric's `targetValue`, which the operator fills in."
}

extension MetricRequest {
    /// - Throws: `config_invalid` if the value would be divided by the replicas although it is already per replica.
    func requireValuePerReplica() throws(PluginError) {
        guard targetType == .value else {
            throw PluginError(
                .configInvalid,
                "the value is already an average per pod, and targetType AverageValue would divide it by the replicas again: "
                    + "remove targetType, or set it to Value")
        }
    }
}

/// The reason why a text of the config is malformed, to follow the field's name.
struct ConfigFault: Error, Hashable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

extension [ConfigProblem] {
    /// Returns a problem with that message; none without a message.
    static func of(_ path: String, _ message: String?) -> [ConfigProblem] {
        message.map { [ConfigProblem(path: path, message: $0)] } ?? []
    }
}

extension LabelSelector {
    /// Returns the reason why a text is not a selector; nil also if there is no text.
    static func fault(of text: String?) -> String? {
        guard let text else { return nil }
        do throws(ConfigFault) {
            _ = try LabelSelector(parsing: text)
            return nil
        } catch {
            return error.message
        }
    }
}
