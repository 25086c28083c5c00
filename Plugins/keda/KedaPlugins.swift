import PluginSDK
import SourceSupport

/// The program: its one metric type has a longer name than the program.
@main
enum KedaPlugins: MetricPluginFamily {
    static let name = "keda"
    static let version = SourceVersion.current

    static func plugins() -> [any MetricPlugin] { [KedaPlugin()] }
}
