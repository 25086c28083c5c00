import Logging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension MetricPlugin {
    /// Serves the plugin on standard input and output until the host ends it. Called by `@main`.
    @concurrent public static func main() async {
        await PluginProgram(name: metricType).serve { PluginRuntime(try await Self()) }
    }
}

extension MetricPluginFamily {
    /// Serves the metric types on standard input and output until the host ends the program. Called by `@main`.
    @concurrent public static func main() async {
        await PluginProgram(name: name).serve {
            PluginRuntime(name: name, version: version, plugins: try await plugins())
        }
    }
}

/// A plugin's process.
private struct PluginProgram {
    /// What follows `generalscaler-plugin-` in its file name.
    let name: String

    @concurrent func serve(_ makeRuntime: @Sendable () async throws -> PluginRuntime) async {
        do {
            let channel = try ProcessShell.takeStandardStreams()
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            try ProcessShell.exitAfterHangUp(of: channel.input)
            let runtime = try await makeRuntime()
            try await ProcessShell.runOnThread { [self] in
                do {
                    try ServeLoop(runtime, input: channel.input, output: channel.output).run()
                } catch {
                    fail(error)
                }
            }
            ProcessShell.exit()
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: any Error) -> Never {
        let line = "generalscaler-plugin-\(name): cannot start: \(error)\n"
        _ = Descriptor.writeAll(Array(line.utf8), to: STDERR_FILENO)
        ProcessShell.exit(1)
    }
}
