import Subprocess

/// Everything that a plugin's executable writes, for tests that search it for secrets.
package struct PluginTranscript: Sendable {
    package let standardOutput: String
    package let standardError: String

    package var everything: String { standardOutput + standardError }

    /// Starts the executable, completes the handshake, validates and reads each config, and closes its input.
    ///
    /// - Parameters:
    ///   - name: an executable of this package.
    ///   - configs: JSON objects. Reading them should fail soon, because the plugin waits at most 1.5 s.
    package init(_ name: String, type: String, configs: [String]) async throws {
        var lines = [
            #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersions":[1],"host":{"name":"test","#
                + #""version":"1"},"limits":{"maxRequestBytes":61440,"maxResponseBytes":1048576}}}"#
        ]
        for (index, config) in configs.enumerated() {
            // One line each, regardless of the layout in the test.
            let config = config.split(separator: "\n").joined(separator: " ")
            let call = #""type":"\#(type)","config":\#(config)"#
            lines.append(#"{"jsonrpc":"2.0","id":\#(2 * index + 1),"method":"validate_config","params":{\#(call)}}"#)
            lines.append(
                #"{"jsonrpc":"2.0","id":\#(2 * index + 2),"method":"get_metric_value","params":{\#(call),"#
                    + #""targetType":"Value","deadlineMs":1000}}"#)
        }
        let result = try await run(
            .name(name), environment: .inherit.updating(["PATH": BuiltExecutable.directory]),
            input: .string(lines.joined(separator: "\n") + "\n"), output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22))
        standardOutput = result.standardOutput
        standardError = result.standardError
    }
}
