import Subprocess

/// Everything that a plugin's executable writes when it is asked something, for tests that look for what must not be
/// in there.
package struct PluginTranscript: Sendable {
    package let standardOutput: String
    package let standardError: String

    package var everything: String { standardOutput + standardError }

    /// Starts the executable, completes the handshake, has each config checked and read, and ends its input.
    ///
    /// - Parameters:
    ///   - name: The executable, of those that this package builds.
    ///   - configs: JSON objects. Their reading should fail soon: the plugin waits for no more than 1.5 s.
    package init(_ name: String, type: String, configs: [String]) async throws {
        var lines = [
            #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersions":[1],"host":{"name":"test","#
                + #""version":"1"},"limits":{"maxRequestBytes":61440,"maxResponseBytes":1048576}}}"#
        ]
        for (index, config) in configs.enumerated() {
            // One line each, for every layout in the test.
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
