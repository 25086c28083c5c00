import HTTPTransport
import Testing

struct SecretsTests {
    @Test("types that may hold a secret do not print it")
    func printing() {
        let request = HTTPRequest(
            method: "POST", url: "https://user:secret@host.test/?key=secret",
            headers: [HTTPHeader("Authorization", "Bearer secret")], body: Array("secret".utf8),
            tls: TLSOptions(clientCertificate: Array("secret".utf8), clientKey: Array("secret".utf8)), timeout: nil)
        let environment = ["https_proxy": "http://user:secret@proxy.test"]
        let proxies = ProxyRules { environment[$0] }
        let secretBytes = "\(Array("secret".utf8))"
        for value in [request, request.headers, request.tls, proxies, CurlHTTPClient.Configuration(proxies: proxies)]
            as [any Sendable]
        {
            for text in ["\(value)", String(reflecting: value)] {
                #expect(!text.contains("secret") && !text.contains(secretBytes))
            }
        }
        #expect("\(request)" == "POST host.test")
    }
}
