import PluginSDK
import SourceSupport

struct KedaConfig: MetricConfig {
    // MARK: Where

    @Field(
        """
        Host and port of the external scaler, such as `orders-scaler.shop:9090`: KEDA's `scalerAddress`. The default port \
        is 443, as in gRPC.
        """,
        isAddress: true)
    var address: String

    @Field(
        """
        TLS: how to verify the scaler, and the client's certificate. `{}` is TLS with the system's authorities. Without \
        it, the connection is not encrypted.
        """)
    var tls: TLSConfig?

    // MARK: What

    @Field("Fields of KEDA's trigger other than `scalerAddress`, as text.")
    var metadata: [String: String] = [:]

    @Field("Fields of KEDA's trigger that are secret. Sent like `metadata`.")
    var secretMetadata: [String: Secret] = [:]

    // MARK: From the operator

    @Field("Name of the GeneralScaler, which the scaler gets as the name of the ScaledObject.", marks: .scalerName)
    var name = ""

    @Field("Namespace of the GeneralScaler.", marks: .scalerNamespace)
    var namespace = ""

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if ScalerEndpoint.place(address) == nil {
            add(
                "address",
                "must be host:port, such as orders-scaler.shop:9090, with a port from 1 to 65535; set TLS in tls")
        }
        if let name = tls?.serverName, !HostPort.isHost(name) || ScalerEndpoint.isIPAddress(name) {
            add("tls.serverName", "must be a host name, such as orders-scaler.shop")
        }
        if metadata.count + secretMetadata.count > KedaLimits.maxMetadata {
            add("metadata", "must have at most \(KedaLimits.maxMetadata) entries, those of secretMetadata included")
        }
        for key in secretMetadata.keys.sorted() where metadata[key] != nil {
            add("secretMetadata.\(key)", "is in metadata, too; remove one of the two")
        }
        return problems
    }
}
