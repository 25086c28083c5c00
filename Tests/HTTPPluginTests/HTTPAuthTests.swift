import HTTPTransport
import PluginSDK
import SourceSupport
import Testing

@testable import generalscaler_plugin_http

@Suite("credentials of an HTTP source", .timeLimit(.minutes(1)))
struct HTTPAuthTests {
    private func authorizations(_ client: FakeServer) -> [String] {
        client.requests.flatMap(\.headers).filter { $0.name == "Authorization" }.map(\.value)
    }

    @Test(
        "basic and bearer credentials become the Authorization header",
        arguments: [
            (#""basic": {"username": "aladdin", "password": "ö:x"}"#, "Basic YWxhZGRpbjrDtjp4"),
            (#""bearer": {"token": "t0ken"}"#, "Bearer t0ken"),
            (#""bearer": {"tokenFile": "/token"}"#, "Bearer fr0m-file"),
        ])
    func header(auth: String, value: String) async throws {
        let client = FakeServer("1")
        let plugin = HTTPPlugin(client: client, files: FakeFiles(texts: ["/token": "\u{FEFF}fr0m-file\n"]))
        _ = try await plugin.value(#""auth": {\#(auth)}"#)
        #expect(authorizations(client) == [value])
    }

    // MARK: OAuth 2

    private static let oauth =
        #""auth": {"oauth2": {"tokenURL": "https://login.shop/token", "clientID": "a b:c", "clientSecret": "ö&s", "#
        + #""scope": "read all", "parameters": {"audience": "https://api"}}}"#

    @Test("the client credentials grant is requested once, and its token is sent with every request")
    func oauth() async throws {
        let client = FakeServer(
            .answer(#"{"access_token": "first", "token_type": "Bearer", "expires_in": "3600"}"#), .answer("1"),
            .answer("2"))
        let plugin = HTTPPlugin(client: client)
        #expect(try await plugin.value(Self.oauth).value == 1)
        #expect(try await plugin.value(Self.oauth).value == 2)
        let request = try #require(client.requests.first)
        #expect(request.method == "POST" && request.url == "https://login.shop/token")
        #expect(
            String(decoding: request.body ?? [], as: UTF8.self)
                == "audience=https%3A%2F%2Fapi&grant_type=client_credentials&scope=read%20all")
        // a%20b%3Ac:%C3%B6%26s
        #expect(
            authorizations(client)
                == ["Basic YSUyMGIlM0FjOiVDMyVCNiUyNnM=", "Bearer first", "Bearer first"])
    }

    @Test("a refused token is replaced once")
    func refused() async throws {
        let client = FakeServer(
            .answer(#"{"access_token": "first", "expires_in": 3600}"#), .answer(status: 401, ""),
            .answer(#"{"access_token": "second", "expires_in": 3600}"#), .answer("5"))
        #expect(try await HTTPPlugin(client: client).value(Self.oauth).value == 5)
        #expect(authorizations(client).suffix(1) == ["Bearer second"])
        let stubborn = FakeServer(
            .answer(#"{"access_token": "same", "expires_in": 3600}"#), .answer(status: 403, ""),
            .answer(#"{"access_token": "same", "expires_in": 3600}"#))
        let error = try await HTTPPlugin(client: stubborn).failure(Self.oauth)
        #expect(error?.kind == .authFailed)
        #expect(stubborn.requests.count == 3)
    }

    @Test(
        "a token endpoint without a token in its answer is reported with the field at fault",
        arguments: [
            (
                .answer(status: 401, #"{"error": "invalid_client", "error_description": "no such client"}"#),
                .authFailed, "auth.oauth2", "invalid_client: no such client"
            ),
            (.answer(status: 400, #"{"error": "invalid_scope"}"#), .authFailed, "auth.oauth2", "invalid_scope"),
            (.answer(status: 404, "nothing"), .notFound, "auth.oauth2.tokenURL", "404"),
            (.answer(status: 302, ""), .configInvalid, "auth.oauth2.tokenURL", "redirects"),
            (.answer(status: 429, ""), .rateLimited, nil, "429"),
            (.answer(status: 503, ""), .sourceUnreachable, "auth.oauth2.tokenURL", "503"),
            (.answer("<html>"), .sourceUnreachable, "auth.oauth2.tokenURL", "without an access token"),
            (.answer(#"{"access_token": "a b"}"#), .sourceUnreachable, "auth.oauth2.tokenURL", "without an access"),
            (.answer(#"{"access_token": "a", "token_type": "mac"}"#), .authFailed, "auth.oauth2", "mac"),
            (.failure(HTTPError(.connect, "refused")), .sourceUnreachable, "auth.oauth2.tokenURL", "refused"),
            (.failure(HTTPError(.bodyTooLarge, "")), .sourceUnreachable, "auth.oauth2.tokenURL", "256 KiB"),
        ] as [(FakeServer.Reply, PluginError.Kind, String?, String)])
    func noToken(reply: FakeServer.Reply, kind: PluginError.Kind, path: String?, hint: String) async throws {
        let client = FakeServer(reply, .answer("1"))
        let error = try #require(try await HTTPPlugin(client: client).failure(Self.oauth))
        #expect(error.kind == kind && error.path == path, "\(error)")
        #expect(error.message.contains(hint), "\(error.message)")
        #expect(client.requests.count == 1)
    }

    // MARK: AWS and Google

    @Test("a signed request names the key, and its query is sorted as the signature requires")
    func signature() async throws {
        let client = FakeServer("1")
        let key = #""accessKeyID": "id", "secretAccessKey": "s", "sessionToken": "t""#
        _ = try await HTTPPlugin(client: client).value(
            #""auth": {"sigv4": {"region": "eu-west-1", "service": "sqs", \#(key)}}"#,
            url: "https://sqs.eu-west-1.amazonaws.com/?Version=1&Action=x&b&A=%20&z=%7e&f=a*b(c)&t=%2b1&s=a+b&q=1=2")
        let request = try #require(client.requests.first)
        #expect(
            request.url
                == "https://sqs.eu-west-1.amazonaws.com/?A=%20&Action=x&Version=1&b=&f=a%2Ab%28c%29&q=1%3D2&s=a%20b&t=%2B1&z=~"
        )
        let authorization = try #require(request.headers.first { $0.name == "Authorization" }?.value)
        #expect(
            authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=id/20261130/eu-west-1/sqs/aws4_request, "),
            "\(authorization)")
        #expect(request.headers.contains(HTTPHeader("X-Amz-Security-Token", "t")))
    }

    @Test(
        "the operator's own AWS key signs only for services that the administrator named",
        arguments: [(nil, false), ("", false), ("monitoring", false), ("monitoring sqs", true)] as [(String?, Bool)])
    func operatorsKey(services: String?, isSent: Bool) async throws {
        var environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"]
        environment["GENERALSCALER_SIGV4_SERVICES"] = services
        let client = FakeServer("1")
        let agent = FakeServer(.answer(#"{"AccessKeyId": "operators", "SecretAccessKey": "s"}"#))
        let error = try await HTTPPlugin(client: client, localClient: agent, environment: environment)
            .failure(#""auth": {"sigv4": {"region": "eu-west-1", "service": "sqs"}}"#)
        #expect((error == nil) == isSent, "\(String(describing: error))")
        #expect(client.requests.count == (isSent ? 1 : 0))
        if !isSent { #expect(error?.path == "auth.sigv4.service") }
    }

    @Test("the operator's own Google token is sent only to Google's APIs")
    func google() async throws {
        let metadata = FakeServer(
            .answer(
                #"{"access_token": "operators", "expires_in": 3599}"#,
                headers: [HTTPHeader("Metadata-Flavor", "Google")]))
        let client = FakeServer("1")
        let plugin = HTTPPlugin(client: client, localClient: metadata)
        _ = try await plugin.value(#""auth": {"google": {}}"#, url: "https://monitoring.googleapis.com/v3/x")
        #expect(authorizations(client) == ["Bearer operators"])
        #expect(throws: ConfigProblems.self) {
            try HTTPSourceConfig(parsing: #"{"url": "https://shop/x", "auth": {"google": {}}}"#)
        }
        // A loopback address may be that of an emulator, if the administrator names it.
        let error = try await plugin.failure(#""auth": {"google": {}}"#, url: "http://127.0.0.1:8085/x")
        #expect(error?.kind == .configInvalid && error?.path == "auth.google")
        #expect(client.requests.count == 1)
    }
}
