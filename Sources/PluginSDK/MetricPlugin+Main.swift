import Logging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension MetricPlugin {
    /// Serves the plugin on standard input and output until the host ends it. Called by `@main`.
    @concurrent public static func main() async {
        do {
            let channel = try ProcessShell.takeStandardStreams()
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            try ProcessShell.exitAfterHangUp(of: channel.input)
            let runtime = PluginRuntime(try await Self())
            try await ProcessShell.runOnThread {
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

    private static func fail(_ error: any Error) -> Never {
        let line = "generalscaler-plugin-\(metricType): cannot start: \(error)\n"
        _ = Descriptor.writeAll(Array(line.utf8), to: STDERR_FILENO)
        ProcessShell.exit(1)
    }
}
