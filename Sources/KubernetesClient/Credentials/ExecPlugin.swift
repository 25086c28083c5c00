import SystemIO
package import WireFormats
import YAMLFormat

/// A program that gives credentials (client.authentication.k8s.io).
package struct ExecPlugin: Sendable, Hashable {
    package static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    package let apiVersion: String
    /// A name to find in PATH, or a path.
    package let command: String
    package let arguments: [String]
    /// The program's complete environment except KUBERNETES_EXEC_INFO. May hold secrets.
    package let environment: [String: String]
    /// The kubeconfig's hint for users who have not installed the program.
    package let installHint: String?
    /// `spec.cluster` of the program's input, if the kubeconfig requests it.
    package let cluster: JSON?

    package init(
        apiVersion: String, command: String, arguments: [String] = [], environment: [String: String],
        installHint: String? = nil, cluster: JSON? = nil
    ) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.installHint = installHint
        self.cluster = cluster
    }

    /// Runs the program.
    ///
    /// - Returns: the credential, and when it expires in microseconds since 1970.
    /// - Throws: ``KubernetesError/Kind/credentials``, with the program and the fix in the message.
    func credential(
        commands: CommandRunner, time: TimeSource
    ) async throws(KubernetesError) -> (credential: Credential, expires: Int64?) {
        let output: CommandRunner.Output
        do throws(CommandRunner.Failure) {
            output = try await run(commands, time)
        } catch {
            let hint = error.isMissing ? installHint.map { ". \(oneLine($0))" } : nil
            throw failure("cannot be run: \(error)\(hint ?? "")")
        }
        guard output.status == 0 else {
            let said = oneLine(String(decoding: output.standardError, as: UTF8.self))
            throw failure("ended with status \(output.status)\(said.isEmpty ? "" : ": \(said)")")
        }
        do {
            return try read(output.standardOutput)
        } catch let error as JSONPathError {
            throw failure("printed no valid ExecCredential: \(error)")
        } catch {
            throw failure("printed neither JSON nor YAML: \(error)")
        }
    }

    private func run(
        _ commands: CommandRunner, _ time: TimeSource
    ) async throws(CommandRunner.Failure) -> CommandRunner.Output {
        var spec: [String: JSON] = ["interactive": false]
        spec["cluster"] = cluster
        let info: JSON = ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": .object(spec)]
        let command = CommandRunner.Command(
            executable: command, arguments: arguments,
            environment: environment.merging(["KUBERNETES_EXEC_INFO": info.description]) { $1 })
        let result = await withTaskGroup(of: Result<CommandRunner.Output, CommandRunner.Failure>?.self) { group in
            group.addTask {
                do throws(CommandRunner.Failure) {
                    return .success(try await commands.run(command))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await time.sleep(KubernetesLimits.execDeadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let result else {
            throw CommandRunner.Failure(
                isMissing: false, description: "it did not end within \(KubernetesLimits.execDeadline)")
        }
        return try result.get()
    }

    /// Reads what the program printed: JSON or YAML, as kubectl does. An empty field is an absent one.
    func read(_ output: [UInt8]) throws -> (credential: Credential, expires: Int64?) {
        let answer = JSONReader(try YAMLDocument.parseJSONOrYAML(TextDecoder.text(output)))
        let kind = try answer.optional("kind")?.string() ?? ""
        guard kind.isEmpty || kind == "ExecCredential" else {
            throw JSONPathError(path: "kind", message: "is \(oneLine(kind)), not ExecCredential")
        }
        let version = try answer.required("apiVersion").string()
        guard version == apiVersion else {
            throw JSONPathError(
                path: "apiVersion", message: "is \(oneLine(version)), but the kubeconfig requires \(apiVersion)")
        }
        let status = try answer.required("status")
        let token = try text("token", of: status)
        let chain = try text("clientCertificateData", of: status)
        let key = try text("clientKeyData", of: status)
        guard (chain == nil) == (key == nil) else {
            throw status.error("needs clientCertificateData and clientKeyData together")
        }
        guard token != nil || chain != nil else {
            throw status.error("has neither a token nor a client certificate")
        }
        let expires = try status.optional("expirationTimestamp").map { reader throws(JSONPathError) in
            guard let time = RFC3339.microseconds(try reader.string()) else {
                throw reader.error("must be an RFC 3339 time")
            }
            return time
        }
        var credential = Credential(authorization: token.map { SecretString("Bearer \($0)") })
        if let chain, let key {
            credential.clientCertificate = .init(chain: Array(chain.utf8), key: Array(key.utf8))
        }
        return (credential, expires)
    }

    private func text(_ field: String, of status: JSONReader) throws(JSONPathError) -> String? {
        let text = try status.optional(field)?.string()
        return text?.isEmpty == true ? nil : text
    }

    private func failure(_ message: String) -> KubernetesError {
        KubernetesError(.credentials, "the credential plugin \(command) \(message)")
    }

    private func oneLine(_ text: String) -> String {
        String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(KubernetesLimits.quotedCharacters))
    }
}

extension ExecPlugin: CustomStringConvertible, CustomReflectable {
    /// The command without arguments and environment, which may contain secrets.
    package var description: String { "ExecPlugin(\(command))" }
    package var customMirror: Mirror { Mirror(self, children: ["command": command]) }
}
