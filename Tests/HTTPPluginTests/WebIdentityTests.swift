import HTTPTransport
import PluginSDK
import SourceSupport
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_http

/// Tokens of the cluster in exchange for credentials of AWS and Google, at a simulation of their token services that
/// verifies the tokens.
@Suite("tokens of the cluster for AWS and Google", .serialized, .timeLimit(.minutes(3)))
struct WebIdentityTests {
    private static let role = "arn:aws:iam::123456789012:role/scaler"
    private static let queue = """
        "method": "POST", "headers": {"X-Amz-Target": "AmazonSQS.GetQueueAttributes", \
        "Content-Type": "application/x-amz-json-1.0"}, "jsonPath": "$.Attributes.ApproximateNumberOfMessages", \
        "body": "{\\"QueueUrl\\": \\"https://sqs.eu-west-1.amazonaws.com/123456789012/orders\\", \
        \\"AttributeNames\\": [\\"ApproximateNumberOfMessages\\"]}"
        """

    private func sigv4(_ token: String, role: String = Self.role, region: String = "eu-west-1") -> String {
        """
        "auth": {"sigv4": {"region": "\(region)", "service": "sqs", "roleARN": "\(role)", \
        "webIdentityToken": "\(token)"}}
        """
    }

    private func google(_ token: String, _ more: String = "") -> String {
        #""auth": {"google": {"workloadIdentityProvider": "\#(CloudTokenServices.provider)", "token": "\#(token)"\#(more)}}"#
    }

    private func plugin(_ client: any HTTPClient) -> HTTPPlugin {
        HTTPPlugin(
            client: client, localClient: FakeServer(), files: FakeFiles(), environment: [:],
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    // MARK: AWS

    @Test("a token of a ServiceAccount is exchanged for a key of the role, once for many requests")
    func aws() async throws {
        try await CloudTokenServices.run { client, tokens in
            let plugin = plugin(client)
            let fields = Self.queue + ", " + sigv4(try #require(tokens["aws"]))
            for _ in 1...3 {
                #expect(try await plugin.value(fields, url: "https://sqs.eu-west-1.amazonaws.com/").value == 5)
            }
            let exchanges = client.requested.filter { $0.hasPrefix("https://sts.") }
            #expect(exchanges == ["https://sts.eu-west-1.amazonaws.com/"])
            #expect(client.requested.count == 4)
        }
    }

    @Test("a token or a role that AWS refuses is an error of its field, and the queue is not asked")
    func awsRefusals() async throws {
        try await CloudTokenServices.run { client, tokens in
            let plugin = plugin(client)
            for (name, field, said) in [
                ("expired", "webIdentityToken", "ExpiredTokenException"),
                ("forged", "webIdentityToken", "InvalidIdentityToken"),
                ("google", "webIdentityToken", "InvalidIdentityToken"), ("stranger", "roleARN", "AccessDenied"),
            ] {
                let token = try #require(tokens[name])
                let error = try #require(
                    try await plugin.failure(
                        Self.queue + ", " + sigv4(token), url: "https://sqs.eu-west-1.amazonaws.com/"))
                #expect(error.kind == .authFailed && error.path == "auth.sigv4.\(field)", "\(error)")
                #expect(error.message.contains(said) && !error.message.contains(token), "\(error.message)")
            }
            #expect(client.requested.allSatisfy { $0.hasPrefix("https://sts.") })
        }
    }

    /// An answer of the token service, with the seconds until the key ends.
    private func answer(_ id: String, lasting seconds: Int64) -> FakeServer.Reply {
        let end = RFC3339.text(microseconds: HTTPPlugin.now + seconds * 1_000_000, precision: .seconds)
        return .answer(
            """
            <R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AccessKeyId>\(id)</AccessKeyId>
            <SecretAccessKey>a+/b</SecretAccessKey><SessionToken>t&amp;=</SessionToken><Expiration>\(end)</Expiration></R>
            """, type: "text/xml")
    }

    @Test("a key that ends soon is replaced, and used to its end if the token service does not answer")
    func awsRenewal() async throws {
        let fields = sigv4("t.o-k_en")
        let client = FakeServer(
            answer("first", lasting: 224), .answer("1"), answer("second", lasting: 3_600), .answer("2"), .answer("3"))
        let plugin = HTTPPlugin(client: client)
        for value in 1...3 { #expect(try await plugin.value(fields).value == Double(value)) }
        func keys(_ client: FakeServer) -> [String] {
            client.requests.compactMap { request in
                request.headers.first { $0.name == "Authorization" }?.value.split { "=/".contains($0) }.dropFirst()
                    .first
                    .map(String.init)
            }
        }
        #expect(keys(client) == ["first", "second", "second"])
        #expect(client.requests[1].headers.contains(HTTPHeader("X-Amz-Security-Token", "t&=")))
        let silent = FakeServer(
            answer("first", lasting: 224), .answer("1"), .answer(status: 503, "busy"), .answer("2"))
        let other = HTTPPlugin(client: silent)
        for value in 1...2 { #expect(try await other.value(fields).value == Double(value)) }
        #expect(keys(silent) == ["first", "first"])
    }

    @Test(
        "a token service without a usable answer is an error",
        arguments: [
            (FakeServer.Reply.answer(status: 503, "<html>"), PluginError.Kind.sourceUnreachable),
            (.answer(status: 429, ""), .rateLimited), (.answer("<html>welcome</html>"), .sourceUnreachable),
            (.answer(status: 400, "<Code>Throttling</Code>"), .rateLimited),
            (.answer(status: 400, "<Code>IDPCommunicationError</Code>"), .sourceUnreachable),
            (.answer(status: 302, ""), .sourceUnreachable), (.answer(status: 403, ""), .authFailed),
            (.failure(HTTPError(.connect, "connection refused")), .sourceUnreachable),
        ])
    func awsFaults(reply: FakeServer.Reply, kind: PluginError.Kind) async throws {
        let client = FakeServer(reply)
        let error = try #require(try await HTTPPlugin(client: client).failure(sigv4("t.o-k_en")))
        #expect(error.kind == kind && error.path?.hasPrefix("auth.sigv4") ?? (kind == .rateLimited), "\(error)")
        #expect(client.requests.count == 1)
    }

    @Test("the token service is that of the region")
    func regions() async throws {
        let client = FakeServer()
        _ = try await HTTPPlugin(client: client).failure(
            sigv4("t", role: "arn:aws-cn:iam::123456789012:role/scaler", region: "cn-north-1"))
        #expect(client.requests.map(\.url) == ["https://sts.cn-north-1.amazonaws.com.cn/"])
    }

    // MARK: Google

    @Test("a token of a ServiceAccount is exchanged for one of Google, or of a service account")
    func google() async throws {
        try await CloudTokenServices.run { client, tokens in
            let plugin = plugin(client)
            let token = try #require(tokens["google"])
            let url = "https://monitoring.googleapis.com/value"
            for _ in 1...2 { #expect(try await plugin.value(google(token), url: url).value == 17) }
            #expect(client.requested.count { $0 == "https://sts.googleapis.com/v1/token" } == 1)
            let account = #", "serviceAccount": "scaler@shop.iam.gserviceaccount.com""#
            #expect(try await plugin.value(google(token, account), url: url).value == 23)
            let other = #", "serviceAccount": "owner@shop.iam.gserviceaccount.com""#
            let denied = try #require(try await plugin.failure(google(token, other), url: url))
            #expect(denied.kind == .authFailed && denied.path == "auth.google", "\(denied)")
            for name in ["expiredGoogle", "forgedGoogle", "aws"] {
                let bad = try #require(tokens[name])
                let error = try #require(try await plugin.failure(google(bad), url: url))
                #expect(error.kind == .authFailed && error.path == "auth.google", "\(name): \(error)")
                #expect(!error.message.contains(bad), "\(error.message)")
            }
        }
    }

    // MARK: Configs

    private func problems(_ auth: String) -> [String] {
        do {
            _ = try HTTPSourceConfig(parsing: #"{"url": "https://api.example.com/", "auth": \#(auth)}"#)
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test("an identity that lacks a part, or has two, is rejected with the field's path")
    func configs() {
        func sigv4(_ fields: String) -> [String] {
            problems(#"{"sigv4": {"region": "eu-west-1", "service": "sqs", \#(fields)}}"#)
        }
        #expect(sigv4(#""roleARN": "\#(Self.role)", "webIdentityToken": "t""#) == [])
        #expect(sigv4(#""roleARN": "\#(Self.role)""#) == ["auth.sigv4"])
        #expect(sigv4(#""webIdentityToken": "t""#) == ["auth.sigv4"])
        for role in ["role/scaler", "arn:aws:iam::1:user/x", "arn:aws:s3:::role/x", "arn:aws:iam::1:role/a b"] {
            #expect(sigv4(#""roleARN": "\#(role)", "webIdentityToken": "t""#) == ["auth.sigv4.roleARN"])
        }
        #expect(
            sigv4(
                #""roleARN": "\#(Self.role)", "webIdentityToken": "t", "accessKeyID": "k", "secretAccessKey": "s""#)
                == ["auth.sigv4.webIdentityToken"])
        func google(_ fields: String) -> [String] { problems(#"{"google": {\#(fields)}}"#) }
        let provider = #""workloadIdentityProvider": "\#(CloudTokenServices.provider)""#
        #expect(google(#"\#(provider), "token": "t""#) == [])
        #expect(google(provider) == ["auth.google"])
        #expect(google(#"\#(provider), "token": "a b""#) == ["auth.google.token"])
        #expect(
            google(#""workloadIdentityProvider": "//iam.googleapis.com/projects/1/x", "token": "t""#)
                == ["auth.google.workloadIdentityProvider"])
        #expect(
            google(#"\#(provider), "token": "t", "serviceAccount": "a/b@c""#) == ["auth.google.serviceAccount"])
        #expect(google(#""serviceAccount": "a@b""#).contains("auth.google.serviceAccount"))
    }
}
