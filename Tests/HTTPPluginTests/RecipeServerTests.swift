import Foundation
import HTTPTransport
import PluginSDK
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_http

/// The recipes whose servers Debian or PyPI has, each executed against its server.
@Suite("recipes on servers", .serialized, .timeLimit(.minutes(8)))
struct RecipeServerTests {
    private static let plugin = HTTPPlugin()
    private static let client = CurlHTTPClient(configuration: .init(proxies: .none))

    /// A directory for a server, gone when the body has returned.
    private func withDirectory<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "recipe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(directory)
    }

    /// Sends a request until the server answers, which takes a while after its start.
    @discardableResult
    private func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        while true {
            do throws(HTTPError) {
                let response = try await Self.client.send(request)
                if response.status < 500 { return response }
            } catch {
                guard error.kind == .connect || error.kind == .connectionLost else { throw error }
            }
            try Task.checkCancellation()
        }
    }

    // MARK: RabbitMQ

    @Test("the RabbitMQ recipe reads the messages of a queue from RabbitMQ")
    func rabbitMQ() async throws {
        try await withDirectory { directory in
            let (amqp, management) = (try RawServer.unusedPort(), try RawServer.unusedPort())
            let (distribution, epmd) = (try RawServer.unusedPort(), try RawServer.unusedPort())
            let configuration = """
                listeners.tcp.1 = 127.0.0.1:\(amqp)
                management.tcp.ip = 127.0.0.1
                management.tcp.port = \(management)
                collect_statistics_interval = 1000
                """
            try Data(configuration.utf8).write(to: directory.appending(path: "rabbitmq.conf"))
            try Data("[rabbitmq_management].".utf8).write(to: directory.appending(path: "enabled_plugins"))
            let environment = [
                "HOME": directory.path, "RABBITMQ_NODENAME": "recipe@localhost", "ERL_EPMD_PORT": "\(epmd)",
                "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": "\(distribution)",
                "RABBITMQ_MNESIA_BASE": "\(directory.path)/mnesia", "RABBITMQ_LOG_BASE": "\(directory.path)/log",
                "RABBITMQ_CONFIG_FILE": "\(directory.path)/rabbitmq.conf",
                "RABBITMQ_ENABLED_PLUGINS_FILE": "\(directory.path)/enabled_plugins",
                "RABBITMQ_PID_FILE": "\(directory.path)/pid", "RABBITMQ_FEATURE_FLAGS_FILE": "\(directory.path)/flags",
            ]
            _ = try await RunningProcess.run(
                "/usr/lib/rabbitmq/bin/rabbitmq-server", [], environment: environment
            ) { _ in try await readQueue("http://127.0.0.1:\(management)") }
            // The server leaves it to others.
            _ = try await Subprocess.run(
                .name("epmd"), arguments: ["-port", "\(epmd)", "-kill"], output: .discarded, error: .discarded)
        }
    }

    private func readQueue(_ address: String) async throws {
        let login = HTTPHeader("Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q=")
        func call(_ method: String, _ path: String, _ body: String) async throws -> Int {
            try await send(
                HTTPRequest(
                    method: method, url: address + path,
                    headers: [login, HTTPHeader("Content-Type", "application/json")],
                    body: Array(body.utf8), timeout: .seconds(30))
            ).status
        }
        // The port opens before the server has its users and its virtual host.
        while try await ![201, 204].contains(call("PUT", "/api/queues/%2F/orders", #"{"durable": true}"#)) {
            try Task.checkCancellation()
        }
        let message = #"{"properties": {}, "routing_key": "orders", "payload": "x", "payload_encoding": "string"}"#
        for _ in 0..<3 {
            #expect(try await call("POST", "/api/exchanges/%2F/amq.default/publish", message) == 200)
        }
        let page = try RecipePage("rabbitmq")
        let server = ["http://rabbitmq.shop:15672": address, "scaler": "guest"]
        let config = try page.config(replacing: server, secrets: ["rabbitmq-scaler/password": "guest"])
        #expect(try await Self.plugin.value(config, once: { $0 == 3 }) == 3)
        let wrong = try page.config(replacing: server, secrets: ["rabbitmq-scaler/password": "wrong"])
        await #expect {
            try await Self.plugin.value(wrong)
        } throws: { ($0 as? PluginError)?.kind == .authFailed }
        var absent = server
        absent["orders"] = "absent"
        let missing = try page.config(replacing: absent, secrets: ["rabbitmq-scaler/password": "guest"])
        await #expect {
            try await Self.plugin.value(missing)
        } throws: { ($0 as? PluginError)?.kind == .notFound }
    }

    // MARK: NATS

    @Test("the NATS JetStream recipe reads the pending messages of a consumer from nats-server")
    func nats() async throws {
        try await withDirectory { directory in
            let (port, monitor) = (try RawServer.unusedPort(), try RawServer.unusedPort())
            let configuration = """
                listen: 127.0.0.1:\(port)
                http: 127.0.0.1:\(monitor)
                jetstream: {store_dir: "\(directory.path)"}
                """
            let file = directory.appending(path: "nats.conf").path
            try Data(configuration.utf8).write(to: URL(filePath: file))
            let fill = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Support/fill_nats.py").path
            _ = try await RunningProcess.run("/usr/sbin/nats-server", ["--config", file]) { _ in
                try await send(HTTPRequest(url: "http://127.0.0.1:\(monitor)/healthz", timeout: .seconds(30)))
                let filled = try await Subprocess.run(
                    .name("python3"), arguments: [fill, "\(port)"], output: .string(limit: 1 << 16),
                    error: .string(limit: 1 << 16))
                #expect(filled.standardOutput == "filled\n", "\(filled.standardError)")
                let config = try RecipePage("nats-jetstream").config(
                    replacing: ["http://nats.shop:8222": "http://127.0.0.1:\(monitor)"])
                #expect(try await Self.plugin.value(config).value == 5)
            }
        }
    }

    // MARK: AWS

    @Test("the SQS and CloudWatch recipes read from moto the values that boto3 has stored")
    func aws() async throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        // Not resolved: the link's own place is how Python knows its packages.
        let root = here.pathComponents.dropFirst().dropLast(2).map { "/\($0)" }.joined()
        let python = "\(root)/.build/python/bin/python"
        let port = try RawServer.unusedPort()
        let address = "http://127.0.0.1:\(port)"
        _ = try await RunningProcess.run(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "\(port)"]) { _ in
            try await send(HTTPRequest(url: "\(address)/moto-api/", timeout: .seconds(30)))
            let filled = try await Subprocess.run(
                .path(FilePath(python)), arguments: [here.appending(path: "Support/fill_moto.py").path, address],
                output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
            #expect(filled.standardOutput == "filled\n", "\(filled.standardError)")
            let queue = try RecipePage("sqs").config(
                replacing: ["https://sqs.eu-west-1.amazonaws.com": address], secrets: ["sqs-scaler/secret": "canary"])
            #expect(try await Self.plugin.value(queue).value == 7)
            let metric = try RecipePage("cloudwatch").config(
                replacing: ["https://monitoring.eu-west-1.amazonaws.com": address],
                secrets: ["cloudwatch-scaler/secret": "canary"])
            #expect(try await Self.plugin.value(metric).value == 17.5)
            let absent = try RecipePage("cloudwatch").config(
                replacing: ["https://monitoring.eu-west-1.amazonaws.com": address, "Depth": "Absent"],
                secrets: ["cloudwatch-scaler/secret": "canary"])
            await #expect {
                try await Self.plugin.value(absent)
            } throws: { ($0 as? PluginError)?.kind == .noData }
            let missing = try RecipePage("sqs").config(
                replacing: ["https://sqs.eu-west-1.amazonaws.com": address, "/orders": "/absent"],
                secrets: ["sqs-scaler/secret": "canary"])
            await #expect {
                try await Self.plugin.value(missing)
            } throws: { error in
                let error = error as? PluginError
                return error?.kind == .configInvalid && error?.message.contains("QueueDoesNotExist") == true
            }
        }
    }
}
