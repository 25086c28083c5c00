import HTTPTransport
import PluginSDK
import Testing

@testable import generalscaler_plugin_prometheus

/// Returns the request.
@Suite struct QueryRequestTests {
    private func request(
        _ config: String = "", address: String = "http://prometheus:9090", query: String = "up",
        files: FakeFiles = FakeFiles(), timeout: Duration = .seconds(10)
    ) async throws -> HTTPRequest {
        let client = FakePrometheus(.success(.one))
        let plugin = PrometheusPlugin(client: client, files: files)
        _ = try await plugin.value(config, address: address, query: query, timeout: timeout)
        return try #require(client.requests.first)
    }

    private func header(_ name: String, _ request: HTTPRequest) -> [String] {
        request.headers.filter { $0.name == name }.map(\.value)
    }

    @Test("a query is posted as a form")
    func queryPostedForm() async throws {
        let request = try await request(query: #"sum(rate(a{b=\"c d\"}[5m])) + 1 & é"#)
        #expect(request.method == "POST")
        #expect(request.url == "http://prometheus:9090/api/v1/query")
        #expect(header("Content-Type", request) == ["application/x-www-form-urlencoded"])
        let form = String(decoding: try #require(request.body), as: UTF8.self)
        #expect(form.hasPrefix("query=sum%28rate%28a%7Bb%3D%22c%20d%22%7D%5B5m%5D%29%29%20%2B%201%20%26%20%C3%A9&"))
        #expect(request.maxBodyBytes == 8 << 20)
    }

    @Test("a query with method GET is in the URL")
    func queryMethodURL() async throws {
        let request = try await request(#""method": "GET""#, query: "a+b")
        #expect(request.method == "GET")
        #expect(request.body == nil)
        #expect(request.url.hasPrefix("http://prometheus:9090/api/v1/query?query=a%2Bb&timeout="))
        #expect(header("Content-Type", request).isEmpty)
    }

    @Test(
        "the path prefix of an address is kept",
        arguments: [
            ("http://prometheus:9090/", "http://prometheus:9090/api/v1/query"),
            ("https://mimir/prometheus", "https://mimir/prometheus/api/v1/query"),
            ("https://mimir/a/b//", "https://mimir/a/b/api/v1/query"),
            ("http://[::1]:9090", "http://[::1]:9090/api/v1/query"),
        ])
    func pathPrefixAddress(address: String, url: String) async throws {
        #expect(try await request(address: address).url == url)
    }

    @Test("configured parameters and headers are sent")
    func configuredParametersHeaders() async throws {
        let request = try await request(
            #""parameters": {"dedup": "true", "a b": ""}, "headers": {"X-Scope-OrgID": "team"}"#)
        let form = String(decoding: try #require(request.body), as: UTF8.self)
        #expect(form.hasPrefix("a%20b=&dedup=true&query=up&timeout="))
        #expect(header("X-Scope-OrgID", request) == ["team"])
    }

    @Test("the deadline and timeoutSeconds limit the request, and the server gets the timeout")
    func deadlineTimeoutSecondsLimit() async throws {
        let byDeadline = try await request(timeout: .seconds(10))
        let timeout = try #require(byDeadline.timeout)
        #expect(timeout < .seconds(10) && timeout > .seconds(9))
        let byConfig = try await request(#""timeoutSeconds": 0.5"#)
        #expect(byConfig.timeout == .milliseconds(500))
        #expect(String(decoding: byConfig.body ?? [], as: UTF8.self) == "query=up&timeout=500ms")
    }

    // MARK: Credentials

    @Test("a bearer token is sent as the Authorization header")
    func bearerTokenSent() async throws {
        let request = try await request(#""auth": {"bearer": {"token": "abc"}}"#)
        #expect(header("Authorization", request) == ["Bearer abc"])
    }

    @Test(
        "basic credentials are encoded as in RFC 7617",
        arguments: [
            ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), ("a", "b", "YTpi"), ("a", "bc", "YTpiYw=="),
            ("test", "123£", "dGVzdDoxMjPCow=="),
        ])
    func basicCredentialsEncoded(user: String, password: String, encoded: String) async throws {
        let request = try await request(
            #""auth": {"basic": {"username": "\#(user)", "password": "\#(password)"}}"#)
        #expect(header("Authorization", request) == ["Basic \(encoded)"])
    }

    @Test("a token file is read without the newline at its end")
    func tokenFileRead() async throws {
        let request = try await request(
            #""auth": {"bearer": {"tokenFile": "/token"}}"#, files: FakeFiles(["/token": ["\u{FEFF}abc\n"]]))
        #expect(header("Authorization", request) == ["Bearer abc"])
    }

    @Test("a rotated token is read again after a refusal, and the query is repeated", arguments: [401, 403])
    func rotatedTokenRead(status: Int) async throws {
        let client = FakePrometheus(
            .success(.init(status: status, "expired")), .success(.one))
        let plugin = PrometheusPlugin(client: client, files: FakeFiles(["/token": ["old", "new"]]))
        #expect(try await plugin.value(#""auth": {"bearer": {"tokenFile": "/token"}}"#).value == 1)
        #expect(client.requests.flatMap { header("Authorization", $0) } == ["Bearer old", "Bearer new"])
    }

    @Test("a fresh token is tried only once")
    func freshTokenTried() async throws {
        let client = FakePrometheus(.success(.unauthorized), .success(.unauthorized), .success(.one))
        let plugin = PrometheusPlugin(client: client, files: FakeFiles(["/token": ["a", "b", "c"]]))
        let error = try await plugin.failure(#""auth": {"bearer": {"tokenFile": "/token"}}"#)
        #expect(error?.kind == .authFailed)
        #expect(client.requests.count == 2)
    }

    @Test(
        "unchanged credentials are not tried again",
        arguments: [
            #""auth": {"bearer": {"token": "t"}}"#, #""auth": {"bearer": {"tokenFile": "/token"}}"#,
            #""auth": {"basic": {"username": "u", "password": "p"}}"#, "",
        ])
    func unchangedCredentialsTried(config: String) async throws {
        let client = FakePrometheus(.success(.unauthorized), .success(.one))
        let plugin = PrometheusPlugin(client: client, files: FakeFiles(["/token": ["t"]]))
        #expect(try await plugin.failure(config)?.kind == .authFailed)
        #expect(client.requests.count == 1)
    }

    @Test(
        "an unusable token file fails the call before a request is sent",
        arguments: [
            ("/missing", "not a file that the plugin can read"), ("/empty", "is empty"),
            ("/two-lines", "control character"),
        ])
    func unusableTokenFile(path: String, hint: String) async throws {
        let client = FakePrometheus(.success(.one))
        let files = FakeFiles(["/empty": ["\n"], "/two-lines": ["canary\ncanary"]])
        let plugin = PrometheusPlugin(client: client, files: files)
        let error = try #require(try await plugin.failure(#""auth": {"bearer": {"tokenFile": "\#(path)"}}"#))
        #expect(error.kind == .authFailed)
        #expect(error.message.contains(hint))
        #expect(!error.message.contains("canary"))
        #expect(client.requests.isEmpty)
    }

    // MARK: TLS

    @Test("certificates are read from the config or from files")
    func certificatesReadConfig() async throws {
        let pem = "-----BEGIN CERTIFICATE-----"
        let key = "-----BEGIN PRIVATE KEY-----"
        let request = try await request(
            #"""
            "tls": {"ca": "\#(pem)", "cert": "/cert", "key": "/key", "serverName": "internal",
            "insecureSkipVerify": true}
            """#, files: FakeFiles(["/cert": [pem], "/key": [key]]))
        #expect(
            request.tls
                == TLSOptions(
                    certificateAuthorities: Array(pem.utf8), clientCertificate: Array(pem.utf8),
                    clientKey: Array(key.utf8), serverName: "internal", skipsVerification: true))
    }

    @Test("an invalid private key is not repeated in the error")
    func invalidPrivateKey() async throws {
        let plugin = PrometheusPlugin(client: FakePrometheus(.success(.one)), files: FakeFiles())
        let cert = "-----BEGIN CERTIFICATE-----"
        let error = try #require(try await plugin.failure(#""tls": {"cert": "\#(cert)", "key": "canary"}"#))
        #expect(error.kind == .configInvalid)
        #expect(error.path == "tls.key")
        #expect(!error.message.contains("canary"))
    }
}
