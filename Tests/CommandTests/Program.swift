import FoundationEssentials
import Subprocess
import SystemPackage
import TestSupport

/// The program, run like by a user.
struct Program {
    struct Outcome {
        let code: Int32?
        let output: String
        let errors: String
    }

    static func run(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run(arguments, input: input)
    }

    static func run(
        _ arguments: [String], of program: String = "generalscaler", input: String = "", findsServers: Bool = false
    ) async throws -> Outcome {
        try await run(arguments, of: program, bytes: Data(input.utf8), findsServers: findsServers)
    }

    /// - Parameter findsServers: whether the program can start installed servers, such as prometheus.
    static func run(
        _ arguments: [String], of program: String = "generalscaler", bytes input: Data, findsServers: Bool = false
    ) async throws -> Outcome {
        let servers = findsServers ? ":\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")" : ""
        // A file: a program that ends before it has read its input would break a pipe.
        let file = FileManager.default.temporaryDirectory.appending(path: "input-\(UUID().uuidString)")
        try input.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let descriptor = try FileDescriptor.open(FilePath(file.path), .readOnly, options: .closeOnExec)
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(["PATH": "\(BuiltExecutable.directory)\(servers)"]),
            input: .fileDescriptor(descriptor, closeAfterSpawningProcess: true),
            output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
        var code: Int32?
        if case .exited(let status) = result.terminationStatus { code = status }
        return Outcome(code: code, output: result.standardOutput, errors: result.standardError)
    }

    /// Returns the output of a Python script of the project, run with the packages that `make test` installs.
    static func python(_ script: String, _ arguments: String..., input: String = "") async throws -> String {
        let result = try await Subprocess.run(
            .name("python"), arguments: Arguments([file(script)] + arguments),
            environment: .inherit.updating(["PATH": "\(file(".build/python/bin")):/usr/bin:/bin"]),
            input: .string(input), output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
        return result.standardOutput + result.standardError
    }

    /// Returns a file of the project.
    static func file(_ path: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(path)").standardized.path
    }

    /// Runs the body with a temporary directory.
    static func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "command-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(directory.path)
    }

    /// Returns the text of a file of the project.
    static func read(_ path: String) throws -> String { try text(file(path)) }

    /// Returns the paths of the files in a directory, sorted.
    static func files(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map { "\(directory)/\($0)" }
    }

    /// Returns the text of a file.
    static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    static func write(_ bytes: [UInt8], to path: String) throws { try write(Data(bytes), to: path) }

    static func write(_ bytes: Data, to path: String) throws { try bytes.write(to: URL(filePath: path)) }
}
