import ArgumentParser
import Console
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import SystemIO

/// The way to the API of the leader.
struct UpstreamOptions: ParsableArguments {
    @OptionGroup var clusterOptions: ClusterOptions

    @Option(
        help: "NAMESPACE/NAME of the Lease that names the leader.", transform: ObjectKey.init(argument:))
    var lease = ObjectKey(namespace: "generalscaler-system", name: "generalscaler")

    @Option(help: "Name of the Secret with the token of the API, in the namespace of the Lease.")
    var tokenSecret = "generalscaler-api"

    @Option(help: "Port of the API in the leader's pod.")
    var apiPort: UInt16 = 8090

    @Option(help: "Address of an API to read directly, such as http://127.0.0.1:8090. Needs --api-token-file.")
    var url: String?

    @Option(help: "File with the token of the API, for --url.")
    var apiTokenFile: String?

    func validate() throws {
        guard (url == nil) == (apiTokenFile == nil) else {
            throw ValidationError("--url and --api-token-file need each other.")
        }
    }

    /// Returns the cluster; nil for an API that is read directly.
    ///
    /// - Throws: the reason why the kubeconfig or the token cannot be used.
    func cluster() throws -> ClusterConfiguration? {
        guard let apiTokenFile else { return try clusterOptions.configuration(ProcessInfo.processInfo.environment) }
        _ = try APIToken(path: apiTokenFile).read()
        return nil
    }

    /// - Parameter cluster: what ``cluster()`` returned.
    func upstream(_ cluster: ClusterConfiguration?, _ http: any HTTPClient, _ logger: Logger) -> any UpstreamAPI {
        guard let cluster else {
            return DirectAPI(url: url ?? "", token: APIToken(path: apiTokenFile ?? ""), http: http)
        }
        let client = KubernetesClient(
            configuration: cluster, http: http, time: .system, random: { .random(in: 0..<1) }, logger: logger)
        return LeaderAPI(
            client: client, lease: lease, secret: ObjectKey(namespace: lease.namespace, name: tokenSecret),
            port: Int(apiPort))
    }

    /// Where the answers come from, for their readers.
    var source: String {
        url.map { "the operator's API at \($0)" } ?? "the operator's API, at the leader that the Lease \(lease) names"
    }
}
