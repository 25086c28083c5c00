import Foundation
import HTTPTransport
import PluginSDK
import SourceSupport
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

/// A tenant who looks for the operator's files, or for permissions of the operator's accounts.
@Suite("Attacks through the Prometheus plugin", .timeLimit(.minutes(3)))
struct CredentialAttackTests {
    @Test(
        "a missing file, an unreadable file and a file that is not PEM have the same error",
        arguments: ["ca", "cert", "key", "tokenFile"])
    func files(field: String) async throws {
        let directory = URL.temporaryDirectory.appending(path: "file-oracle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = directory.appending(path: "text").path
        try Data("no PEM".utf8).write(to: URL(filePath: text))
        var messages: Set<String> = []
        for path in ["/nonexistent/file", directory.path, "/proc/1/environ", "/dev/null"]
            + (field == "tokenFile" ? [] : [text])
        {
            let config =
                switch field {
                case "tokenFile": #""auth": {"bearer": {"tokenFile": "\#(path)"}}"#
                case "ca": #""tls": {"ca": "\#(path)"}"#
                case "cert": #""tls": {"cert": "\#(path)", "key": "-----BEGIN PRIVATE KEY-----"}"#
                default: #""tls": {"cert": "-----BEGIN CERTIFICATE-----", "key": "\#(path)"}"#
                }
            let plugin = PrometheusPlugin(
                client: FakePrometheus(.success(.one)), files: SystemFileReader(), environment: [:])
            // The test process itself may be allowed to read the file.
            guard let error = try await plugin.failure(config) else { continue }
            messages.insert("\(error.kind) \(error.message.replacing(path, with: "PATH"))")
        }
        #expect(messages.count == 1, "\(messages)")
    }

    @Test("a text that begins with / is a path, even if it holds PEM, as the host takes it", arguments: ["ca", "cert"])
    func pemAfterPath(field: String) async throws {
        let text = #"/certificates\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"#
        let key = field == "cert" ? #", "key": "-----BEGIN PRIVATE KEY-----""# : ""
        let client = FakePrometheus(.success(.one))
        let plugin = PrometheusPlugin(client: client, files: SystemFileReader(), environment: [:])
        let error = try await plugin.failure(#""tls": {"\#(field)": "\#(text)"\#(key)}"#)
        #expect(error?.path == "tls.\(field)")
        #expect(error?.message.contains("is not a PEM file that the plugin can read") == true)
        #expect(client.requests.isEmpty)
    }

    @Test(
        "the operator's own AWS key signs for Amazon Managed Service for Prometheus only, unless plugins.yaml says more",
        arguments: [
            ("aps", "eu-west-1", [:], true), ("iam", "us-east-1", [:], false), ("sts", "eu-west-1", [:], false),
            ("", "eu-west-1", ["GENERALSCALER_SIGV4_SERVICES": ""], false),
            ("es", "eu-west-1", ["GENERALSCALER_SIGV4_SERVICES": "aps es"], true),
            ("aps", "us-east-1", ["GENERALSCALER_SIGV4_REGIONS": "eu-west-1 eu-west-3"], false),
            ("aps", "eu-west-3", ["GENERALSCALER_SIGV4_REGIONS": "eu-west-1 eu-west-3"], true),
        ] as [(String, String, [String: String], Bool)])
    func signature(service: String, region: String, environment: [String: String], isSigned: Bool) async throws {
        let client = FakePrometheus(.success(.one))
        let own = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"]
        let agent = FakePrometheus(status: 200, #"{"AccessKeyId": "operators", "SecretAccessKey": "s"}"#)
        let plugin = PrometheusPlugin(
            client: client, localClient: agent, environment: own.merging(environment) { $1 })
        let name = service.isEmpty ? "" : #", "service": "\#(service)""#
        let error = try await plugin.failure(#""auth": {"sigv4": {"region": "\#(region)"\#(name)}}"#)
        #expect((error == nil) == isSigned, "\(String(describing: error))")
        #expect(client.requests.count == (isSigned ? 1 : 0))
        // With its own key, a config may sign for any service.
        let others = FakePrometheus(.success(.one))
        let key = #", "accessKeyID": "own", "secretAccessKey": "s""#
        _ = try await PrometheusPlugin(client: others, environment: environment)
            .value(#""auth": {"sigv4": {"region": "\#(region)"\#(name)\#(key)}}"#)
        #expect(others.requests.count == 1)
    }

    @Test(
        "the operator's Google token is sent over plain HTTP only to an emulator that the administrator named",
        arguments: [
            ("http://127.0.0.1:9090", "", false), ("http://localhost:8085", "http://127.0.0.1:8085", false),
            ("http://127.0.0.1:8085", "http://127.0.0.1:8086", false),
            ("http://127.0.0.1:8085/x", "http://127.0.0.1:8085", true),
            ("https://monitoring.googleapis.com", "", true), ("https://localhost", "", false),
        ])
    func google(address: String, emulators: String, isSent: Bool) async throws {
        let client = FakePrometheus(.success(.one))
        let metadata = FakePrometheus(
            .success(
                .init(
                    status: 200, #"{"access_token": "operators", "expires_in": 3599}"#,
                    headers: [HTTPHeader("Metadata-Flavor", "Google")])))
        let plugin = PrometheusPlugin(
            client: client, localClient: metadata, environment: ["GENERALSCALER_GOOGLE_EMULATORS": emulators])
        let error = try await plugin.failure(#""auth": {"googleMetadata": {}}"#, address: address)
        #expect((error == nil) == isSent, "\(String(describing: error))")
        #expect(client.requests.count == (isSent ? 1 : 0))
    }

    @Test(
        "a config that asks for the operator's Google token with an address of another kind is refused",
        arguments: [
            "http://monitoring.googleapis.com", "HTTP://monitoring.googleapis.com:443",
            "https://googleapis.com.evil.example", "https://evilgoogleapis.com",
        ])
    func otherAddresses(address: String) async throws {
        let client = FakePrometheus(.success(.one))
        let plugin = PrometheusPlugin(client: client, localClient: client, environment: [:])
        await #expect(throws: (any Error).self) {
            try await plugin.failure(#""auth": {"googleMetadata": {}}"#, address: address)
        }
        #expect(client.requests.isEmpty)
    }
}
