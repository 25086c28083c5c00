import Foundation

/// librdkafka's mock cluster, of three brokers, in a separate process.
///
/// It speaks neither TLS nor SASL, creates topics that are asked for, and answers a request for all offsets of a group
/// with none; the tests of the kafka plugin have a broker that does better.
///
/// `@unchecked Sendable`: its calls are made one after another. The blocking ones have their own thread, because they would
/// hold one of the few threads on which all tests run.
package final class KafkaMock: @unchecked Sendable {
    package struct Refused: Error {
        package let command: String
        package let answer: String
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread = ""
    package private(set) var brokers: [String] = []

    private init(_ program: String, _ arguments: [String]) throws {
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        brokers = try line().split(separator: ",").map(String.init)
    }

    /// Starts a cluster and runs `body`; the process is gone when this returns.
    ///
    /// - Parameter program: the cluster, or another that prints its brokers and ends with its input.
    package static func run(
        _ program: String = BuiltExecutable.path("kafka-mock"), _ arguments: [String] = [],
        _ body: (KafkaMock) async throws -> Void
    ) async throws {
        let mock = try await onThread { try KafkaMock(program, arguments) }
        let result: Result<Void, any Error>
        do { result = .success(try await body(mock)) } catch { result = .failure(error) }
        try await onThread {
            try? mock.input.fileHandleForWriting.close()
            mock.process.waitUntilExit()
        }
        try result.get()
    }

    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    private func line() throws -> String {
        while true {
            if let end = unread.firstIndex(of: "\n") {
                defer { unread = String(unread[unread.index(after: end)...]) }
                return String(unread[..<end])
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Refused(command: "", answer: "it ended") }
            unread += String(decoding: data, as: UTF8.self)
        }
    }

    /// Runs a command of the fixture, which documents them.
    package func tell(_ commands: String...) async throws {
        try await Self.onThread { [self] in
            for command in commands {
                try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
                let answer = try line()
                guard answer == "ok" else { throw Refused(command: command, answer: answer) }
            }
        }
    }

    /// Waits on a thread until a value that nothing announces is true.
    package func untilTrue(_ isTrue: @escaping @Sendable () -> Bool) async throws {
        try await Self.onThread { while !isTrue() { sched_yield() } }
    }

    /// The field `brokers` of a config.
    package var at: String { #""brokers": [\#(brokers.map { "\"\($0)\"" }.joined(separator: ", "))]"# }
}
