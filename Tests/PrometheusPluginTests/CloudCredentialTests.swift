import Foundation
import HTTPTransport
import PluginSDK
import Subprocess
import SystemPackage
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

/// AWS signatures and Google tokens for the managed services.
@Suite(.timeLimit(.minutes(3))) struct CloudCredentialTests {
    private static let googleAddress =
        "https://monitoring.googleapis.com/v1/projects/shop/location/global/prometheus"

    private func authorization(_ client: FakePrometheus) -> [String] {
        client.requests.flatMap(\.headers).filter { $0.name == "Authorization" }.map(\.value)
    }

    private static func metadataToken(_ token: String) -> FakePrometheus.Reply {
        .success(
            .init(
                status: 200, #"{"access_token": "\#(token)", "expires_in": 3599}"#,
                headers: [HTTPHeader("metadata-flavor", "Google")]))
    }

    @Test("the workload's Google token is sent with queries, and requested once")
    func workloadGoogleToken() async throws {
        let client = FakePrometheus(.success(.one), .success(.one))
        let metadata = FakePrometheus(Self.metadataToken("first"))
        let plugin = PrometheusPlugin(client: client, localClient: metadata)
        for _ in 1...2 {
            _ = try await plugin.value(#""auth": {"googleMetadata": {}}"#, address: Self.googleAddress)
        }
        #expect(authorization(client) == ["Bearer first", "Bearer first"])
        #expect(client.requests.first?.url == "\(Self.googleAddress)/api/v1/query")
        let asked = try #require(metadata.requests.first)
        #expect(
            asked.url
                == "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token")
        #expect(asked.headers.contains(HTTPHeader("Metadata-Flavor", "Google")))
        #expect(asked.timeout == .seconds(3))
    }

    @Test("a refused Google token is replaced once")
    func refusedGoogleToken() async throws {
        let client = FakePrometheus(.success(.unauthorized), .success(.one))
        let metadata = FakePrometheus(Self.metadataToken("first"), Self.metadataToken("second"))
        let plugin = PrometheusPlugin(client: client, localClient: metadata)
        _ = try await plugin.value(#""auth": {"googleMetadata": {}}"#, address: Self.googleAddress)
        #expect(authorization(client) == ["Bearer first", "Bearer second"])
    }

    @Test(
        "a query without a Google token is not sent",
        arguments: [
            (
                FakePrometheus.Reply.failure(HTTPError(.nameLookup, "no such host")), PluginError.Kind.authFailed,
                "does not run on Google Cloud"
            ),
            (.success(.init(status: 200, "{}")), .authFailed, "is not Google's metadata server"),
            (
                .success(.init(status: 404, "", headers: [HTTPHeader("Metadata-Flavor", "Google")])), .authFailed,
                "no service account"
            ),
            (
                .success(.init(status: 503, "", headers: [HTTPHeader("Metadata-Flavor", "Google")])),
                .sourceUnreachable,
                "503"
            ),
            (
                .success(.init(status: 200, "{}", headers: [HTTPHeader("Metadata-Flavor", "Google")])),
                .sourceUnreachable,
                "returned no access token"
            ),
        ])
    func queryGoogleToken(
        reply: FakePrometheus.Reply, kind: PluginError.Kind, hint: String
    ) async throws {
        let client = FakePrometheus(.success(.one))
        let plugin = PrometheusPlugin(client: client, localClient: FakePrometheus(reply))
        let error = try #require(
            try await plugin.failure(#""auth": {"googleMetadata": {}}"#, address: Self.googleAddress))
        #expect(error.kind == kind)
        #expect(error.message.contains(hint), "\(error.message)")
        #expect(client.requests.isEmpty)
    }

    // MARK: AWS

    @Test("the AWS signing key comes from the config or the agent, never from the environment")
    func awsSigningKey() async throws {
        let agent = #"{"AccessKeyId": "agent", "SecretAccessKey": "s", "Token": "t"}"#
        let cases: [(fields: String, environment: [String: String], id: String, token: String?)] = [
            (
                #", "accessKeyID": "own", "secretAccessKey": "s""#,
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"], "own", nil
            ),
            (
                "",
                [
                    "AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
                ], "agent", "t"
            ),
            ("", ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/c0ffee"], "agent", "t"),
        ]
        for (fields, environment, id, token) in cases {
            let client = FakePrometheus(.success(.one))
            let local = FakePrometheus(status: 200, agent)
            let plugin = PrometheusPlugin(
                client: client, files: FakeFiles(["/token": ["pod-token\n"]]), localClient: local,
                environment: environment)
            _ = try await plugin.value(#""auth": {"sigv4": {"region": "eu-west-1"\#(fields)}}"#)
            let headers = try #require(client.requests.first?.headers)
            let signed = try #require(headers.first { $0.name == "Authorization" }?.value)
            #expect(signed.hasPrefix("AWS4-HMAC-SHA256 Credential=\(id)/"), "\(signed)")
            #expect(signed.contains("/eu-west-1/aps/aws4_request, "), "\(signed)")
            #expect(headers.first { $0.name == "X-Amz-Security-Token" }?.value == token)
            #expect(local.requests.count == (id == "agent" ? 1 : 0))
            guard id == "agent" else { continue }
            let hasToken = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] != nil
            #expect(authorization(local) == (hasToken ? ["pod-token"] : []))
            #expect(
                local.requests.first?.url
                    == (environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
                        ?? "http://169.254.170.2/v2/credentials/c0ffee"))
        }
    }

    @Test("the error for a missing AWS key lists where it was searched for")
    func errorMissingAWS() async throws {
        let client = FakePrometheus(.success(.one))
        let error = try #require(
            try await PrometheusPlugin(client: client).failure(#""auth": {"sigv4": {"region": "eu-west-1"}}"#))
        #expect(error.kind == .authFailed)
        #expect(error.message.contains("accessKeyID") && error.message.contains("plugins.yaml"))
        #expect(client.requests.isEmpty)
    }

    /// AWS's own library computes the signature again from the received request.
    @Test("the AWS signature equals that of AWS's own library", arguments: ["POST", "GET"])
    func awsSignatureEquals(method: String) async throws {
        let (requests, captured) = AsyncStream<String>.makeStream()
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            guard var request = connection.readHead() else { return }
            if method == "POST", let body = connection.read() { request += String(decoding: body, as: UTF8.self) }
            captured.yield(request)
            let body = #"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1"]}}"#
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        let key = #""accessKeyID": "AKIDEXAMPLE", "secretAccessKey": "canary-key", "sessionToken": "session""#
        let auth = #""auth": {"sigv4": {"region": "eu-west-1", \#(key)}}"#
        try await RawServer.run(script: script) { port in
            let plugin = PrometheusPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))
            let reading = try await plugin.value(
                #""method": "\#(method)", "parameters": {"dedup": "true", "zone": "a b"}, \#(auth)"#,
                address: "http://127.0.0.1:\(port)/workspaces/ws-1", query: "sum(rate(a{b='c d'}[5m])) + 1")
            #expect(reading.value == 1)
        }
        var received = requests.makeAsyncIterator()
        let request = try #require(await received.next())
        #expect(!request.contains("canary-key"))
        let target = try #require(request.split(separator: " ").dropFirst().first)
        let host = try #require(
            request.split(separator: "\r\n").first { $0.hasPrefix("Host: ") }
        ).dropFirst("Host: ".count)
        let (verdicts, complaint) = try await AWSLibrary.verdicts(
            on: [AWSLibrary.Request(received: request, url: "http://\(host)\(target)", service: "aps", hasToken: true)])
        #expect(verdicts == ["the same"], "\(complaint) \(request)")
    }
}
