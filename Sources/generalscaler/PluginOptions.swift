import ArgumentParser
import CommandSupport
import FoundationEssentials
import Operator
import PluginHost
import ScalerAPI

/// The options with the locations of plugins.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugin-dir"),
        help: "Directory with plugin executables (repeatable). Default: the directory of this program."
    )
    var directories: [String] = []

    @Option(help: "Path of plugins.yaml, which sets defaults and limits for each plugin.")
    var pluginsConfig: String?

    /// - Parameters:
    ///   - credentialFiles: further credential files of the operator that no plugin may read.
    ///   - restsAfter: how long a plugin may be idle before its process is ended; nil for no limit.
    ///   - handshakeTimeout: how long a new process may take to answer `initialize`.
    func configuration(
        _ environment: [String: String], credentialFiles: [String] = [], restsAfter: Duration? = nil,
        handshakeTimeout: Duration = PluginHostLimits.handshakeTimeout
    ) throws -> PluginHostConfiguration {
        var configuration = PluginHostConfiguration(
            directories: directories.isEmpty ? [ProgramDirectory.path] : directories,
            manifest: pluginsConfig,
            hostVersion: OperatorRuntime.version,
            environment: environment,
            protectedPaths: ProtectedPaths.standard(environment) + credentialFiles,
            restsAfter: restsAfter,
            handshakeTimeout: handshakeTimeout
        )
        configuration.defaultsFault = { ConfigTemplate.problem(inDefaults: $0, path: $1).map { "\($0)" } }
        return configuration
    }
}
