import HTTPTransport
import PluginSDK
import Testing

@testable import AWSAuth

@Suite
struct AWSSignatureTests {
    /// 2026-11-30T01:23:45.678901Z.
    private static let now: Int64 = 1_796_001_825_678_901

    private func signed(
        _ url: String, service: String = "sqs", token: String? = nil, headers: [HTTPHeader] = [], body: String? = nil
    ) throws -> HTTPRequest {
        let key = AWSKey(id: "id", secret: Secret("canary-key"), sessionToken: token.map { Secret($0) })
        return try AWSSignature(region: "eu-west-1", service: service, key: key).signed(
            HTTPRequest(
                method: body == nil ? "GET" : "POST", url: url, headers: headers, body: body.map { Array($0.utf8) },
                timeout: nil), nowMicroseconds: Self.now)
    }

    private func header(_ name: String, of request: HTTPRequest) -> [String] {
        request.headers.filter { $0.name == name }.map(\.value)
    }

    @Test(
        "the URL of a signed request is encoded in one way, and its query is sorted by name, then by value",
        arguments: [
            ("https://sqs.aws", "https://sqs.aws/"), ("https://sqs.aws?", "https://sqs.aws/"),
            ("https://SQS.aws:443/a", "https://sqs.aws/a"), ("http://sqs.aws:443/a", "http://sqs.aws:443/a"),
            ("http://[FD00::1]:80/a", "http://[fd00::1]/a"),
            ("http://h/a(b)/%7e/%2f%2C/%zz/%", "http://h/a%28b%29/~/%2F%2C/%25zz/%25"),
            ("http://h/%FF/%c3%B6", "http://h/%FF/%C3%B6"), ("http://h/a//b/./c/../d/", "http://h/a//b/d/"),
            ("http://h/a/%2e%2E/b/%2e", "http://h/b/"), ("http://h/%2e%2e", "http://h/"), ("http://h//", "http://h//"),
            ("http://h/?b&a=2&a=1&a-b=3&=x&&c=a+b=%2b", "http://h/?=x&a=1&a=2&a-b=3&b=&c=a%20b%3D%2B"),
        ])
    func target(url: String, sent: String) throws {
        let request = try signed(url)
        #expect(request.url == sent)
        #expect(header("Host", of: request) == [String(sent.split(separator: "/")[1])])
        // What is signed is what is sent: signing it again changes nothing.
        let again = try signed(request.url)
        #expect(again.url == request.url && header("Authorization", of: again) == header("Authorization", of: request))
    }

    @Test("only S3 signs a path as it is sent; the others encode it again and skip empty segments")
    func paths() {
        func path(isStorage: Bool) -> Substring? {
            CanonicalRequest(
                method: "GET", path: "/a%20b//c", query: nil, headers: [], payloadHash: "", isStorage: isStorage
            ).text.split(separator: "\n").dropFirst().first
        }
        #expect(path(isStorage: true) == "/a%20b//c")
        #expect(path(isStorage: false) == "/a%2520b/c")
        for (service, isStorage) in [("s3", true), ("s3-outposts", true), ("s3x", false), ("sqs", false)] {
            let key = AWSKey(id: "id", secret: Secret("s"), sessionToken: nil)
            #expect(AWSSignature(region: "r", service: service, key: key).isStorage == isStorage)
        }
    }

    @Test("a signed request has the time, the token and, for S3, the digest of the body")
    func headers() throws {
        let request = try signed("https://h/", token: "t+/=", headers: [HTTPHeader("Accept-Encoding", "identity")])
        #expect(header("X-Amz-Date", of: request) == ["20261130T012345Z"])
        #expect(header("X-Amz-Security-Token", of: request) == ["t+/="])
        #expect(header("X-Amz-Content-Sha256", of: request) == [])
        let authorization = try #require(header("Authorization", of: request).first)
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=id/20261130/eu-west-1/sqs/aws4_request, "))
        #expect(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token, "))
        let stored = try signed("https://h/", service: "s3", body: "body")
        #expect(
            header("X-Amz-Content-Sha256", of: stored)
                == ["230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"])
        #expect(
            try #require(header("Authorization", of: stored).first).contains("host;x-amz-content-sha256;x-amz-date"))
    }

    @Test("neither a signed request nor a description contains the secret key")
    func secrets() throws {
        let request = try signed("https://h/a", token: "canary-token")
        #expect(!request.headers.contains { $0.value.contains("canary-key") } && !request.url.contains("canary"))
        let key = AWSKey(id: "id", secret: Secret("canary-key"), sessionToken: Secret("canary-token"))
        let signature = AWSSignature(region: "eu-west-1", service: "sqs", key: key)
        for text in ["\(signature)", "\(key)", String(reflecting: signature), String(reflecting: key), "\(request)"] {
            #expect(!text.contains("canary"), "\(text)")
        }
        #expect(throws: HTTPError.self) { try signed("not a url") }
    }
}
