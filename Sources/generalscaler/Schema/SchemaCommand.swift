import ArgumentParser
import CommandSupport
import FoundationEssentials
import Glibc
import Logging
import PluginHost
import PluginProtocol
import ScalerAPI
import WireFormats
import YAMLFormat

/// Prints the schema by which an editor checks a GeneralScaler as it is written.
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a GeneralScaler, for editors.",
        discussion: """
            The schema has the fields of the CustomResourceDefinition, and for each metric type that an installed plugin \
            reads, the fields of its config. Members that plugins.yaml sets as defaults are not required. Rules that \
            involve several fields are not part of it: generalscaler validate checks them.
            """
    )

    @Flag(help: "Skip the plugins: accept any config.")
    var withoutPlugins = false

    @OptionGroup(title: "Plugins") var pluginOptions: PluginOptions

    func run() async throws {
        let types = withoutPlugins ? [] : try await installedTypes()
        let definition = try YAMLDocument.parse(String(decoding: PackageResources.crd_yaml, as: UTF8.self))
        guard let schema = ResourceSchema(definition: definition, types: types) else {
            preconditionFailure("the CustomResourceDefinition of this program has a schema")
        }
        StandardStreams.printLine(schema.json.description)
    }

    private func installedTypes() async throws -> [ResourceSchema.MetricType] {
        let host = try PluginHost(
            configuration: try pluginOptions.configuration(
                ProcessInfo.processInfo.environment, handshakeTimeout: PluginHostLimits.shortHandshakeTimeout),
            logger: StandardStreams.logger("generalscaler.schema", level: .critical))
        let broken = await PluginCheck.withPlugins(of: host, types: nil) { _ in
            await host.health().filter { $0.state != .up }
        }
        for plugin in broken {
            let reason = plugin.lastFailure ?? "it does not run"
            StandardStreams.write(Array("plugin \(plugin.name) gives no schema: \(reason)\n".utf8), to: STDERR_FILENO)
        }
        // Without its schema, an editor would accept any config of the type.
        guard broken.isEmpty else { throw ExitCode.failure }
        return host.metricTypes().map { type, installed in
            ResourceSchema.MetricType(
                type: type, description: installed.description.description,
                config: ConfigSchema(
                    installed.description.configSchema, defaults: Set(host.defaults(forType: type).keys)))
        }
    }
}
