import Foundation
package import HTTPTransport
import Subprocess
import SystemPackage

/// What servers of queues have in common.
package enum QueueServers {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The Python with the libraries of the tests.
    static var python: String {
        // Not resolved: the link's own place is how Python knows its packages.
        root + "/.build/python/bin/python"
    }

    private static var root: String {
        URL(filePath: #filePath).pathComponents.dropFirst().dropLast(4).map { "/\($0)" }.joined()
    }

    static func fixture(_ name: String) -> String { "\(root)/Tests/Fixtures/\(name)" }

    /// Sends a request until the server answers, which takes a while after its start.
    @discardableResult
    package static func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let client = CurlHTTPClient(configuration: .init(proxies: .none))
        while true {
            do throws(HTTPError) {
                let response = try await client.send(request)
                if response.status < 500 { return response }
            } catch {
                guard error.kind == .connect || error.kind == .connectionLost else { throw error }
            }
            try Task.checkCancellation()
        }
    }

    /// Runs a Python script of the fixtures to its end.
    static func script(_ python: String, _ name: String, _ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .path(FilePath(python)), arguments: Arguments([fixture(name)] + arguments),
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        guard result.standardOutput == "done\n" else { throw Failure(description: "\(name): \(result.standardError)") }
    }

    /// Runs the body with a new directory, which is removed afterwards.
    static func withDirectory<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "queue-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(directory)
    }
}

/// A real RabbitMQ with its management API, on free ports of 127.0.0.1.
package struct RabbitMQServer: Sendable {
    /// The URL of the management API; the login is `guest` with the password `guest`.
    package let address: String

    /// Runs a server during `body`, and everything that it starts.
    package static func run(_ body: @escaping @Sendable (RabbitMQServer) async throws -> Void) async throws {
        try await QueueServers.withDirectory { directory in
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
            ) { _ in try await body(RabbitMQServer(address: "http://127.0.0.1:\(management)")) }
            // The server leaves it to others.
            _ = try await Subprocess.run(
                .name("epmd"), arguments: ["-port", "\(epmd)", "-kill"], output: .discarded, error: .discarded)
        }
    }

    /// Creates the queue `orders`.
    package func declare() async throws {
        // The port opens before the server has its users and its virtual host.
        while try await ![201, 204].contains(call("PUT", "/api/queues/%2F/orders", #"{"durable": true}"#)) {
            try Task.checkCancellation()
        }
    }

    package func publish(_ count: Int) async throws {
        let message = #"{"properties": {}, "routing_key": "orders", "payload": "x", "payload_encoding": "string"}"#
        for _ in 0..<count {
            let status = try await call("POST", "/api/exchanges/%2F/amq.default/publish", message)
            guard status == 200 else { throw QueueServers.Failure(description: "RabbitMQ answers \(status)") }
        }
    }

    package func purge() async throws {
        _ = try await call("DELETE", "/api/queues/%2F/orders/contents", "")
    }

    private func call(_ method: String, _ path: String, _ body: String) async throws -> Int {
        let login = HTTPHeader("Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q=")
        return try await QueueServers.send(
            HTTPRequest(
                method: method, url: address + path, headers: [login, HTTPHeader("Content-Type", "application/json")],
                body: Array(body.utf8), timeout: .seconds(30))
        ).status
    }
}

/// A real nats-server with JetStream, on free ports of 127.0.0.1.
package struct NATSServer: Sendable {
    /// The URL of the monitoring endpoint.
    package let address: String
    private let port: Int

    /// Runs a server during `body`.
    package static func run(_ body: @escaping @Sendable (NATSServer) async throws -> Void) async throws {
        try await QueueServers.withDirectory { directory in
            let (port, monitor) = (try RawServer.unusedPort(), try RawServer.unusedPort())
            let configuration = """
                listen: 127.0.0.1:\(port)
                http: 127.0.0.1:\(monitor)
                jetstream: {store_dir: "\(directory.path)"}
                """
            let file = directory.appending(path: "nats.conf").path
            try Data(configuration.utf8).write(to: URL(filePath: file))
            _ = try await RunningProcess.run("/usr/sbin/nats-server", ["--config", file]) { _ in
                let server = NATSServer(address: "http://127.0.0.1:\(monitor)", port: port)
                try await QueueServers.send(HTTPRequest(url: "\(server.address)/healthz", timeout: .seconds(30)))
                try await body(server)
            }
        }
    }

    /// Runs commands of `nats_stream.py` on the stream `ORDERS`.
    package func tell(_ commands: String...) async throws {
        try await QueueServers.script("/usr/bin/python3", "nats_stream.py", ["\(port)"] + commands)
    }
}

/// moto, a simulation of AWS that checks no signatures.
package struct MotoServer: Sendable {
    package let address: String

    /// Runs a server during `body`.
    package static func run(_ body: @escaping @Sendable (MotoServer) async throws -> Void) async throws {
        let server = MotoServer(address: "http://127.0.0.1:\(try RawServer.unusedPort())")
        let port = server.address.split(separator: ":").last.map(String.init) ?? ""
        _ = try await RunningProcess.run(QueueServers.python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", port]) {
            _ in
            try await QueueServers.send(HTTPRequest(url: "\(server.address)/moto-api/", timeout: .seconds(30)))
            try await body(server)
        }
    }

    /// Runs a command of `sqs_queue.py` on the queue `orders`.
    package func queue(_ command: String...) async throws {
        try await QueueServers.script(QueueServers.python, "sqs_queue.py", [address] + command)
    }
}
