import PluginSDK
import SourceSupport

/// The fields of every metric type: the API server, which only the administrator chooses, and the namespace.
struct APIServerFields: MetricConfig {
    @Field("The namespace of the GeneralScaler, which the operator fills in.", marks: .scalerNamespace)
    var namespace: String?

    @Field(
        "URL of the API server. Only the administrator sets it, in `plugins.yaml`.", isAddress: true,
        marks: .administratorOnly)
    var address = "https://kubernetes.default.svc"

    @Field(
        "How to verify the API server: `ca` is its certificate authority. Only the administrator sets it, in "
            + "`plugins.yaml`.", marks: .administratorOnly)
    var tls: TLSConfig?

    @Field(
        "Token of the plugin's ServiceAccount. Only the administrator sets it, in `plugins.yaml`; the chart does.",
        marks: .administratorOnly)
    var token: Secret?

    func validate() -> [ConfigProblem] {
        BaseURL.fault(of: address).map { [ConfigProblem(path: "address", message: $0.message)] } ?? []
    }
}

/// The fields of the metric types that read the target's pods.
struct PodFields: MetricConfig {
    @Field("The selector of the target's pods, which the operator fills in.", marks: .targetSelector)
    var podSelector: String?

    @Field("The metric's `targetValue`, which the operator fills in.", marks: .targetValue)
    private var target: String?

    var targetValue: Double? { target.flatMap(Double.init) }
}

/// A metric type that reads from the API server.
protocol KubernetesPlugin: MetricPlugin where Config: KubernetesConfig {
    /// - Parameter lists: the lists that all metric types share.
    init(_ lists: NamespaceLists)
}

extension KubernetesPlugin {
    static var version: String { SourceVersion.current }
    static var maxInFlight: Int { KubernetesLimits.maxInFlight }

    init() {
        self.init(KubernetesPlugins.makeLists())
    }
}

protocol KubernetesConfig: MetricConfig {
    var server: APIServerFields { get }
}

extension KubernetesConfig {
    /// - Throws: `config_invalid` if the host has not filled in the namespace.
    func scalerNamespace() throws(PluginError) -> String {
        guard let namespace = server.namespace else {
            throw PluginError(.configInvalid, "the operator did not fill in namespace: update it", path: "namespace")
        }
        return namespace
    }
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
