import Subprocess

/// Runs a command to completion. Used for credential plugins.
package struct CommandRunner: Sendable {
    package struct Command: Sendable {
        /// A name to find in the environment's PATH, or a path.
        package let executable: String
        package let arguments: [String]
        /// The complete environment: nothing is inherited.
        package let environment: [String: String]
    }

    package struct Output: Sendable {
        /// Exit code, or 128 + the signal's number.
        package let status: Int
        package let standardOutput: [UInt8]
        package let standardError: [UInt8]

        package init(status: Int, standardOutput: [UInt8], standardError: [UInt8]) {
            self.status = status
            self.standardOutput = standardOutput
            self.standardError = standardError
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let isMissing: Bool
        package let description: String

        package init(isMissing: Bool, description: String) {
            self.isMissing = isMissing
            self.description = description
        }
    }

    /// Cancelling kills the command.
    package let run: @Sendable (Command) async throws(Failure) -> Output

    package init(run: @escaping @Sendable (Command) async throws(Failure) -> Output) {
        self.run = run
    }

    /// Runs children without input in their own session, so that none can prompt at the terminal.
    package static let subprocess = CommandRunner { command throws(Failure) in
        do {
            var options = PlatformOptions()
            options.createSession = true
            // Signals the whole session: processes that the command started must not outlive it.
            options.teardownSequence = [
                .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: KubernetesLimits.execTeardown)
            ]
            let result = try await Subprocess.run(
                executable(command.executable),
                arguments: Arguments(command.arguments),
                environment: .custom(
                    Dictionary(
                        uniqueKeysWithValues: command.environment.compactMap { name, value in
                            Environment.Key(rawValue: name).map { ($0, value) }
                        })),
                platformOptions: options,
                output: .bytes(limit: KubernetesLimits.execOutputBytes),
                error: .bytes(limit: KubernetesLimits.execErrorBytes)
            )
            let status: Int =
                switch result.terminationStatus {
                case .exited(let code): Int(code)
                case .signaled(let signal): 128 + Int(signal)
                }
            return Output(
                status: status, standardOutput: result.standardOutput, standardError: result.standardError)
        } catch let error as SubprocessError {
            throw Failure(isMissing: error.code == .executableNotFound, description: reason(error))
        } catch {
            throw Failure(isMissing: false, description: "\(error)")
        }
    }
}

/// Returns the reason without the library's text, which describes its internals.
private func reason(_ error: SubprocessError) -> String {
    switch error.code {
    case .outputLimitExceeded: "it wrote too much output"
    case .executableNotFound: "it does not exist or is not executable: check the path, PATH and its #! line"
    default: error.underlyingError.map { "\($0)" } ?? error.description
    }
}

private func executable(_ name: String) -> Executable {
    name.contains("/") ? literal(Executable.path, name) : .name(name)
}

/// Calls a function with a value created like a string literal. Subprocess takes swift-system's FilePath but does not
/// re-export it, and a literal is the only way to create one without depending on swift-system.
private func literal<Value: ExpressibleByStringLiteral>(
    _ function: (Value) -> Executable, _ text: Value.StringLiteralType
) -> Executable {
    function(Value(stringLiteral: text))
}
