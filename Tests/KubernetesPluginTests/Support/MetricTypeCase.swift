import HTTPTransport
import PluginSDK
import WireFormats

@testable import generalscaler_plugin_kubernetes

/// The plugin's metric types, each with a config that reads something.
enum MetricTypeCase: String, CaseIterable, Sendable {
    case resource = "kubernetes-resource"
    case external = "kubernetes-external"
    case custom = "kubernetes-custom"
    case objects = "kubernetes-objects"

    /// The fields of a config without those of the API server.
    private var fields: [String: JSON] {
        switch self {
        case .resource: ["resource": "memory", "measure": "AverageValue", "podSelector": "app=web"]
        case .external: ["metric": "queue"]
        case .custom: ["metric": "queue", "object": ["resource": "namespaces"]]
        case .objects: ["resource": "pods"]
        }
    }

    func config(address: String, _ more: [String: JSON] = [:]) -> JSON {
        let server: [String: JSON] = ["namespace": "shop", "address": .string(address), "token": "canary-token"]
        return .object(fields.merging(server) { $1 }.merging(more) { $1 })
    }

    /// Makes one call with the real HTTP client, and new lists.
    func read(
        _ address: String, _ more: [String: JSON] = [:], timeout: Duration = .seconds(20)
    ) async throws -> MetricReading {
        let lists = NamespaceLists(
            APIClient(client: CurlHTTPClient(configuration: .init(proxies: .none)), files: NoFiles()))
        return switch self {
        case .resource: try await read(ResourcePlugin(lists), address, more, timeout)
        case .external: try await read(ExternalPlugin(lists), address, more, timeout)
        case .custom: try await read(CustomPlugin(lists), address, more, timeout)
        case .objects: try await read(ObjectsPlugin(lists), address, more, timeout)
        }
    }

    private func read<Plugin: KubernetesPlugin>(
        _ plugin: Plugin, _ address: String, _ more: [String: JSON], _ timeout: Duration
    ) async throws -> MetricReading {
        let config = try Plugin.Config(config: JSONReader(config(address: address, more)))
        return try await plugin.value(
            for: MetricRequest(
                config: config, targetType: Plugin.defaultTargetType, deadline: .now + timeout))
    }
}
