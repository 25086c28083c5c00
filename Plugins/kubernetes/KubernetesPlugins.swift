import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads the metrics APIs of the cluster, and counts objects.
@main
enum KubernetesPlugins: MetricPluginFamily {
    static let name = "kubernetes"
    static let version = SourceVersion.current

    static func plugins() -> [any MetricPlugin] {
        let lists = makeLists()
        return [ResourcePlugin(lists), ExternalPlugin(lists), CustomPlugin(lists), ObjectsPlugin(lists)]
    }

    static func makeLists() -> NamespaceLists {
        NamespaceLists(
            APIClient(
                client: CurlHTTPClient(configuration: .init(peers: SourcePeers.rule)), files: SystemFileReader()))
    }
}
