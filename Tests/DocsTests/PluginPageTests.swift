import Foundation
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_http
@testable import generalscaler_plugin_kafka
@testable import generalscaler_plugin_keda
@testable import generalscaler_plugin_kubernetes
@testable import generalscaler_plugin_postgresql
@testable import generalscaler_plugin_prometheus
@testable import generalscaler_plugin_pubsub
@testable import generalscaler_plugin_redis

/// The pages and the example configs of the built-in plugins.
@Suite("pages of the plugins")
struct PluginPageTests {
    struct Plugin: Sendable, CustomTestStringConvertible {
        let name: String
        /// The name of the page, if several metric types share it.
        var page: String?
        let config: any MetricConfig.Type

        var testDescription: String { name }
    }

    private static let plugins = [
        Plugin(name: "http", config: HTTPSourceConfig.self),
        Plugin(name: "kafka", config: KafkaConfig.self),
        Plugin(name: "keda-external", page: "keda", config: KedaConfig.self),
        Plugin(name: "kubernetes-resource", page: "kubernetes", config: ResourcePlugin.Config.self),
        Plugin(name: "kubernetes-external", page: "kubernetes", config: ExternalPlugin.Config.self),
        Plugin(name: "kubernetes-custom", page: "kubernetes", config: CustomPlugin.Config.self),
        Plugin(name: "kubernetes-objects", page: "kubernetes", config: ObjectsPlugin.Config.self),
        Plugin(name: "postgresql", config: PostgresConfig.self),
        Plugin(name: "prometheus", config: PrometheusConfig.self),
        Plugin(name: "pubsub", config: PubSubConfig.self),
        Plugin(name: "redis", config: RedisConfig.self),
    ]

    @Test("the reference page of a plugin contains the fields of its schema", arguments: plugins)
    func page(_ plugin: Plugin) throws {
        let path = "docs/reference/plugins/\(plugin.page ?? plugin.name).md"
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        let table = ConfigTable.markdown(ofSchema: .object(plugin.config.configSchema))
        #expect(page.contains("\n\n" + table + "\n"), "replace the table of \(path) by:\n\(table)")
    }

    @Test("the good example config of a plugin is accepted, and the bad one is rejected", arguments: plugins)
    func examples(_ plugin: Plugin) throws {
        _ = try plugin.config.init(parsing: try ExampleConfig.text(plugin.name, "good"))
        let bad = try ExampleConfig.text(plugin.name, "bad")
        let problems = #expect(throws: ConfigProblems.self) { _ = try plugin.config.init(parsing: bad) }
        #expect((problems?.problems.count ?? 0) > 0)
    }
}
