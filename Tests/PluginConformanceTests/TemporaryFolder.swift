import Foundation
import Subprocess
import SystemPackage
import Testing

/// A temporary directory, and programs run in it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "plugin-conformance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    struct Result {
        let status: TerminationStatus
        let output: String
        let errors: String
    }

    func result(
        _ program: String, _ arguments: [String], in directory: String? = nil, environment: [String: String]? = nil
    ) async throws -> Result {
        var variables = Environment.inherit
        if let environment {
            variables = .custom(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
            )
        }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: variables,
            workingDirectory: FilePath(directory ?? path), output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20))
        return Result(
            status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    }

    /// Returns the standard output of the program, which has to succeed.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String], in directory: String? = nil, environment: [String: String]? = nil
    ) async throws -> String {
        let result = try await result(program, arguments, in: directory, environment: environment)
        try #require(result.status == .exited(0), "\(result.errors)\(result.output)")
        return result.output
    }
}
