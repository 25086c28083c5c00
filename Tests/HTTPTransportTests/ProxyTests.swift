import TestSupport
import Testing

@testable import HTTPTransport

@Suite(.timeLimit(.minutes(5)))
struct ProxyTests {
    @Test("a plain request goes to the proxy with its whole URL, and the proxy's password is not sent as plain text")
    func plain() async throws {
        let heads = Mailbox<String>()
        try await RawServer.run { connection in
            while let head = connection.readHead() {
                heads.send(head)
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
            }
        } _: { port in
            let environment = ["http_proxy": "http://user:secret@127.0.0.1:\(port)"]
            try await withClient(.init(proxies: ProxyRules { environment[$0] })) { client in
                let response = try await client.send(.init(url: "http://somewhere.test/path", timeout: .seconds(10)))
                #expect(response.text == "proxied")
                let head = try await heads.next()
                #expect(head.hasPrefix("GET http://somewhere.test/path HTTP/1.1\r\n"))
                #expect(head.contains("Host: somewhere.test\r\n"))
            }
        }
    }

    @Test("the proxy that a request specifies is used, regardless of the environment")
    func requestedProxy() async throws {
        let heads = Mailbox<String>()
        try await RawServer.run { connection in
            while let head = connection.readHead() {
                heads.send(head)
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
            }
        } _: { port in
            let environment = ["http_proxy": "http://127.0.0.1:1", "no_proxy": "*"]
            try await withClient(.init(proxies: ProxyRules { environment[$0] })) { client in
                let request = HTTPRequest(
                    url: "http://somewhere.test/path", proxy: "http://127.0.0.1:\(port)", timeout: .seconds(10))
                let response = try await client.send(request)
                #expect(response.text == "proxied")
                #expect(try await heads.next().hasPrefix("GET http://somewhere.test/path HTTP/1.1\r\n"))
            }
        }
    }

    @Test("a TLS request opens a tunnel to the URL's host, not to the TLS server name")
    func tunnel() async throws {
        let heads = Mailbox<String>()
        try await RawServer.run { connection in
            if let head = connection.readHead() { heads.send(head) }
            connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        } _: { port in
            let environment = ["HTTPS_PROXY": "http://user:secret@127.0.0.1:\(port)"]
            try await withClient(.init(proxies: ProxyRules { environment[$0] })) { client in
                let request = HTTPRequest(
                    url: "https://somewhere.test/path", tls: TLSOptions(serverName: "api.internal"),
                    timeout: .seconds(10))
                let error = try await failure { try await client.send(request) }
                #expect(error.kind == .connect, "\(error)")
                #expect(!error.message.contains("secret"))
                #expect(try await heads.next().hasPrefix("CONNECT somewhere.test:443 HTTP/1.1\r\n"))
            }
        }
    }

    @Test("a host in no_proxy is connected to directly, regardless of the TLS server name")
    func exception() throws {
        let environment = ["https_proxy": "http://proxy:3128", "no_proxy": "127.0.0.1"]
        let rules = ProxyRules { environment[$0] }
        #expect(rules.proxy(for: try URLParts(parsing: "https://127.0.0.1:6443/")) == nil)
        #expect(rules.proxy(for: try URLParts(parsing: "https://127.0.0.2:6443/")) == "http://proxy:3128")
    }

    @Test(
        "proxy variables are selected as in curl",
        arguments: [
            (["http_proxy": "a"], "http", "a"), (["HTTP_PROXY": "a"], "http", nil), (["https_proxy": "a"], "http", nil),
            (["HTTPS_PROXY": "a"], "https", "a"), (["https_proxy": "a", "HTTPS_PROXY": "b"], "https", "a"),
            (["all_proxy": "a"], "https", "a"), (["ALL_PROXY": "a", "http_proxy": "b"], "http", "b"),
            (["https_proxy": ""], "https", nil), ([:], "https", nil),
        ] as [([String: String], String, String?)])
    func variables(environment: [String: String], scheme: String, proxy: String?) throws {
        let url = try URLParts(parsing: "\(scheme)://host.test/")
        #expect(ProxyRules { environment[$0] }.proxy(for: url) == proxy)
    }

    @Test(
        "no_proxy matches names and their subdomains, addresses and networks",
        arguments: [
            ("example.com", "example.com", true), ("example.com", "API.example.com", true),
            (".example.com", "api.example.com", true), ("example.com", "badexample.com", false),
            ("a.test, b.test c.test", "c.test", true), ("*", "anything.test", true), ("", "anything.test", false),
            ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.1.2.3", false), ("10.0.0.0/33", "10.1.2.3", false),
            ("192.168.1.128/25", "192.168.1.200", true), ("192.168.1.128/25", "192.168.1.100", false),
            ("10.0.0.1", "10.0.0.1", true), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "name.test", false),
            ("fd00::/8", "[fd12::1]", true), ("fd00::/8", "[fe80::1]", false), ("fd00::/8", "10.0.0.1", false),
            ("::1", "[::1]", true), ("[::1]", "[::1]", true),
        ])
    func exceptions(list: String, host: String, isCovered: Bool) throws {
        let environment = ["http_proxy": "proxy", "no_proxy": list]
        let url = try URLParts(parsing: "http://\(host)/")
        #expect((ProxyRules { environment[$0] }.proxy(for: url) == nil) == isCovered)
    }
}
