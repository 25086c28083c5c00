import CLinux
import Foundation
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

@Suite("Plugins that keep the rules", .timeLimit(.minutes(5)))
struct ConformantPluginTests {
    struct Subject: Sendable, CustomTestStringConvertible {
        let command: PluginCommand
        var config: JSON?
        var badConfig: JSON
        /// Rules that must not be skipped.
        var kept: [RuleID] = []
        /// The metric type, if the plugin has several.
        var metricType: String?

        var testDescription: String {
            "\(command.path.split(separator: "/").last ?? "") \(metricType ?? "")"
        }

        func options() -> CheckOptions {
            var options = CheckOptions()
            options.config = config
            options.badConfig = badConfig
            options.metricType = metricType
            options.launcher = BuiltExecutable.path("generalscaler-launch")
            return options
        }
    }

    private static let values: [RuleID] = [.fileName, .readingShape, .finiteValue, .observedAt, .targetTypes]

    /// On kernels that support the sandbox.
    private var sandboxed: [RuleID] { clinux_landlock_version() > 0 ? [.confined] : [] }

    private static func example(_ path: String) -> String { "\(CheckFixture.root)examples/plugins/\(path)" }

    private static func kubernetes(_ type: String, _ config: [String: JSON], bad: [String: JSON]) -> Subject {
        let defaults: [String: JSON] = ["address": "http://127.0.0.1:9", "token": "a-token"]
        return Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-kubernetes")),
            config: .object(config.merging(defaults) { $1 }), badConfig: .object(bad.merging(defaults) { $1 }),
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline], metricType: type)
    }

    static let builtIn = [
        kubernetes("kubernetes-resource", ["resource": "cpu"], bad: ["resource": "disk"]),
        kubernetes("kubernetes-external", ["metric": "orders"], bad: ["metric": "a/b"]),
        kubernetes(
            "kubernetes-custom", ["metric": "requests", "object": ["resource": "services", "name": "web"]],
            bad: ["metric": "requests", "object": ["resource": "services"]]),
        kubernetes(
            "kubernetes-objects", ["resource": "jobs", "apiVersion": "batch/v1"], bad: ["resource": "Jobs"]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-http")),
            config: ["url": "http://127.0.0.1:9/queue", "jsonPath": "$.messages"],
            badConfig: ["url": "http://127.0.0.1:9/queue", "jsonPath": "messages"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-prometheus")),
            // An unused port: a well-formed error in time is as good as a value.
            config: ["address": "http://127.0.0.1:9", "query": "up"], badConfig: ["address": "nowhere", "query": "up"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-redis")),
            config: ["address": "127.0.0.1:9", "list": "jobs"],
            badConfig: ["address": "127.0.0.1:9", "list": "jobs", "set": "workers"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-kafka")),
            config: ["brokers": ["127.0.0.1:9"], "group": "shop"], badConfig: ["brokers": [], "group": "shop"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-keda")),
            config: ["address": "127.0.0.1:9"], badConfig: ["address": "http://127.0.0.1:9"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("generalscaler-plugin-postgresql")),
            config: ["address": "127.0.0.1:9", "database": "shop", "username": "scaler", "query": "SELECT 1"],
            badConfig: ["address": "127.0.0.1:9", "database": "shop", "username": "scaler", "query": ";"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(
                path: BuiltExecutable.path("generalscaler-plugin-pubsub"),
                // Prevents calls to a metadata server, wherever the tests run.
                environment: ["GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/key.json"]),
            config: ["subscription": "projects/shop/subscriptions/orders", "endpoint": "http://127.0.0.1:9"],
            badConfig: ["subscription": "projects/shop/subscriptions/orders", "window": "1s"],
            kept: [.fileName, .secretsUnseen, .noNetwork, .inFlight, .cancel, .deadline]),
    ]

    static let examples = [
        Subject(
            command: PluginCommand(path: example("python/generalscaler-plugin-hour")), badConfig: ["offset": "late"],
            kept: values),
        Subject(
            command: PluginCommand(path: example("bash/generalscaler-plugin-weekday"), isOneshot: true),
            badConfig: ["day": 1], kept: values + [.oneshot]),
        Subject(
            command: PluginCommand(path: example("node/generalscaler-plugin-http-json")),
            config: ["url": "http://127.0.0.1:9/queue", "path": "length", "token": "a-token"],
            badConfig: ["url": "queue"], kept: [.fileName, .secretsUnseen, .inFlight, .cancel, .deadline]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("random-plugin")),
            badConfig: ["largest": 0], kept: [.readingShape, .finiteValue, .observedAt, .targetTypes]),
        Subject(
            command: PluginCommand(path: BuiltExecutable.path("test-plugin")), badConfig: ["value": -1],
            kept: [.range, .secretsUnseen, .inFlight, .cancel, .finiteValue]),
    ]

    @Test("the built-in plugins and the examples keep the rules", arguments: builtIn + examples)
    func conformant(_ subject: Subject) async throws {
        let report = try await CheckFixture.check(subject.command, subject.options())
        CheckFixture.expectConformant(
            report, kept: subject.kept + [.badConfig, .goodConfig, .noCommonVersion] + sandboxed)
    }

    /// The Go compiler, if installed. The tests do not require it.
    static let goCompiler = ["/usr/bin/go", "/usr/local/go/bin/go"].first(where: FileManager.default.isExecutableFile)

    @Test(
        "the example plugin in Go keeps the rules if a Go compiler is installed",
        arguments: [goCompiler].compactMap(\.self))
    func go(compiler: String) async throws {
        let directory = try TemporaryFolder()
        let program = "\(directory.path)/generalscaler-plugin-minute"
        try await directory.run(
            compiler, ["build", "-o", program, "."], in: Self.example("go"),
            environment: ["HOME": directory.path, "GOFLAGS": "-mod=mod", "PATH": "/usr/bin:/bin"])
        let subject = Subject(command: PluginCommand(path: program), badConfig: ["x": 1], kept: Self.values)
        CheckFixture.expectConformant(
            try await CheckFixture.check(subject.command, subject.options()), kept: subject.kept)
    }

    // What new-plugin makes is checked by scripts/test-new-plugins.py, with every language's own tools.
    @Test("a new plugin in Swift can get the SDK from a repository")
    func repositoryOfSDK() async throws {
        let directory = try TemporaryFolder()
        try await directory.run(
            BuiltExecutable.path("generalscaler-dev"),
            [
                "new-plugin", "--language", "swift", "--sdk-url", "https://git.example.com/shop/\"scaler\".git",
                "--directory", directory.path, "random",
            ])
        let root = "\(directory.path)/generalscaler-plugin-random"
        let package = try String(contentsOfFile: "\(root)/Package.swift", encoding: .utf8)
        #expect(package.contains(#".package(url: "https://git.example.com/shop/\"scaler\".git", from: "0.1.0")"#))
        #expect(package.contains(#".product(name: "PluginSDK", package: "\"scaler\"")"#))
        #expect(!package.contains("__"))
        #expect(!FileManager.default.fileExists(atPath: "\(root)/sdk"))
    }

    @Test("all messages between the host and the plugins match the schemas")
    func schemas() async throws {
        let traffic = Mutex<[JSON]>([])
        let scripted = try ScriptedPlugin(
            capabilities: #"{"batch": True, "range": True, "subscribe": True}"#,
            extra: #"send({"method": "log", "params": {"level": "info", "message": "hello"}})"#)
        let subjects = Self.builtIn + Self.examples + [Subject(command: scripted.command, badConfig: ["key": 1])]
        for subject in subjects {
            let recorded = Recorder()
            var options = subject.options()
            options.trace = recorded.add
            _ = try await CheckFixture.check(subject.command, options)
            traffic.withLock { $0 += recorded.messages }
        }
        let directory = try TemporaryFolder()
        let lines = traffic.withLock(\.self).map { $0.description + "\n" }.joined()
        try lines.write(toFile: "\(directory.path)/traffic", atomically: true, encoding: .utf8)
        let output = try await directory.run(
            "/bin/sh",
            ["-c", #""$1" "$2" --all < traffic"#, "sh", python, "\(CheckFixture.root)scripts/check-traffic.py"])
        let judged = try JSON(parsing: output)
        #expect((judged["get-metric-value-result"]?.intValue ?? 0) > 100)
    }

    /// The Python of the package's environment, which `make test` creates.
    private var python: String { "\(CheckFixture.root).build/python/bin/python" }

    private final class Recorder: Sendable {
        private let lines = Mutex<[JSON]>([])

        var messages: [JSON] { lines.withLock(\.self) }

        func add(process: Int32, isFromPlugin: Bool, line: [UInt8]) {
            let line = String(decoding: line, as: UTF8.self)
            lines.withLock {
                $0.append([
                    "process": .integer(Int64(process)), "fromPlugin": .bool(isFromPlugin), "line": .string(line),
                ])
            }
        }
    }
}
