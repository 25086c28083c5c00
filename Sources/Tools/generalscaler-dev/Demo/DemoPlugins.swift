import CommandSupport
import FoundationEssentials
import Operator
import PluginHost
import WireFormats

/// The operator's configuration of its plugins, as mounted by a chart.
enum DemoPlugins {
    /// - Parameters:
    ///   - defaults: the defaults of configs by plugin.
    ///   - directory: the directory of the file.
    static func configuration(_ defaults: [String: JSON], directory: String) throws -> PluginHostConfiguration {
        let manifest = "\(directory)/plugins.yaml"
        let plugins: JSON = ["plugins": .object(defaults.mapValues { ["defaults": $0] })]
        // JSON is valid YAML.
        try Data(plugins.encoded()).write(to: URL(filePath: manifest))
        return PluginHostConfiguration(
            directories: [ProgramDirectory.path], manifest: manifest, hostVersion: OperatorRuntime.version,
            environment: ProcessInfo.processInfo.environment
        )
    }
}
