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

    // MARK: RabbitMQ

    @Test("the RabbitMQ recipe reads the messages of a queue from RabbitMQ")
    func rabbitMQ() async throws {
        try await RabbitMQServer.run { server in
            try await server.declare()
            try await server.publish(3)
            try await readQueue(server.address)
        }
    }

    private func readQueue(_ address: String) async throws {
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
        try await NATSServer.run { server in
            try await server.tell("create", "send:7", "acknowledge:2", "take:1")
            let config = try RecipePage("nats-jetstream").config(replacing: ["http://nats.shop:8222": server.address])
            #expect(try await Self.plugin.value(config).value == 5)
        }
    }

    // MARK: AWS

    @Test("the SQS and CloudWatch recipes read from moto the values that boto3 has stored")
    func aws() async throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        // Not resolved: the link's own place is how Python knows its packages.
        let root = here.pathComponents.dropFirst().dropLast(2).map { "/\($0)" }.joined()
        let python = "\(root)/.build/python/bin/python"
        try await MotoServer.run { server in
            let address = server.address
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
