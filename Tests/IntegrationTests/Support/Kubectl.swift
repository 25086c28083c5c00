import Foundation
import Subprocess
import SystemPackage

/// The program `kubectl`, if installed. `GENERALSCALER_TEST_KUBECTL` names another one.
enum Kubectl {
    struct Result {
        let isSuccess: Bool
        /// The output of both streams.
        let output: String
    }

    private static let program = ProcessInfo.processInfo.environment["GENERALSCALER_TEST_KUBECTL"] ?? "kubectl"

    static let isInstalled =
        program.contains("/")
        || (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }

    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        let variables = environment.map { (Environment.Key(rawValue: $0.key)!, $0.value as String?) }
        let result = try await Subprocess.run(
            program.contains("/") ? .path(.init(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: variables)), input: .none,
            output: .string(limit: 8 << 20), error: .string(limit: 1 << 20))
        return Result(
            isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput + result.standardError)
    }
}
