import HTTPTransport
import Hummingbird
import HummingbirdCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates.shared.get()
    }

    private static func routes(_ router: Router<TestServer.Context>) {
        router.get("connection") { _, context in "\(context.connection)" }
        router.get("host") { request, _ in request.head.authority ?? "" }
    }

    private func get(
        _ client: CurlHTTPClient, _ url: String, _ tls: TLSOptions
    ) async throws -> HTTPTransport.HTTPResponse {
        try await client.send(.init(url: url, tls: tls, timeout: .seconds(10)))
    }

    @Test("requests share one HTTP/2 connection if the server offers it")
    func http2() async throws {
        let count = 20
        let tls = TLSOptions(certificateAuthorities: certificates.authority)
        let everybodyCame = Barrier(count: count)
        try await TestServer.run(try .tls(certificates.server, http2: true)) { router in
            // Over HTTP/1.1, each request would need its own connection to arrive here.
            router.get("meet") { _, context in
                await everybodyCame.arrive()
                return "\(context.connection)"
            }
        } _: { client, port in
            let connections = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<count {
                    group.addTask { try await get(client, "https://localhost:\(port)/meet", tls).text }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(connections.count == 1)
        }
    }

    @Test("a stream has its own HTTP/1.1 connection in addition to the shared one")
    func streamBesideHTTP2() async throws {
        let tls = TLSOptions(certificateAuthorities: certificates.authority)
        try await TestServer.run(try .tls(certificates.server, http2: true), routes: Self.routes) { client, port in
            let url = "https://localhost:\(port)/connection"
            let shared = try await get(client, url, tls).text
            let stream = try await client.stream(.init(url: url, tls: tls, timeout: .seconds(10)))
            #expect(String(decoding: try await stream.rest(), as: UTF8.self) != shared)
            #expect(try await get(client, url, tls).text == shared)
        }
    }

    @Test("a server with a certificate of another authority is not trusted")
    func wrongAuthority() async throws {
        try await TestServer.run(try .tls(certificates.server), routes: Self.routes) { client, port in
            for tls in [TLSOptions(certificateAuthorities: certificates.otherAuthority), TLSOptions()] {
                let error = try await failure { try await get(client, "https://localhost:\(port)/host", tls) }
                #expect(error.kind == .tls)
                #expect(error.message.contains("localhost:\(port)"))
            }
        }
    }

    @Test("a server is trusted only under a name of its certificate")
    func wrongName() async throws {
        let tls = TLSOptions(certificateAuthorities: certificates.authority)
        try await TestServer.run(try .tls(certificates.namedServer), routes: Self.routes) { client, port in
            let error = try await failure { try await get(client, "https://127.0.0.1:\(port)/host", tls) }
            #expect(error.kind == .tls)
        }
    }

    @Test("a server name replaces the URL's host only for TLS", arguments: [false, true])
    func serverName(http2: Bool) async throws {
        let tls = TLSOptions(certificateAuthorities: certificates.authority, serverName: "api.internal")
        try await TestServer.run(try .tls(certificates.namedServer, http2: http2), routes: Self.routes) {
            client, port in
            let response = try await get(client, "https://127.0.0.1:\(port)/host", tls)
            #expect(response.text == "127.0.0.1:\(port)")
        }
    }

    @Test("verification is skipped only if a request disables it")
    func skipsVerification() async throws {
        try await TestServer.run(try .tls(certificates.namedServer), routes: Self.routes) { client, port in
            let url = "https://127.0.0.1:\(port)/host"
            #expect(try await get(client, url, TLSOptions(skipsVerification: true)).status == 200)
            // The existing connection must not serve a request that would not trust it.
            let error = try await failure { try await get(client, url, TLSOptions()) }
            #expect(error.kind == .tls)
        }
    }

    @Test("a client certificate is presented if the server asks for one")
    func clientCertificate() async throws {
        var tls = TLSOptions(certificateAuthorities: certificates.authority)
        try await TestServer.run(
            try .tls(certificates.server, clientsSignedBy: certificates.authority), routes: Self.routes
        ) { client, port in
            let url = "https://localhost:\(port)/connection"
            let error = try await failure { try await get(client, url, tls) }
            #expect(error.kind == .tls)

            tls.clientCertificate = certificates.client.certificate
            tls.clientKey = certificates.client.key
            let connection = try await get(client, url, tls).text
            #expect(try await get(client, url, tls).text == connection)
        }
    }

    @Test("credentials that libcurl cannot read are a TLS error")
    func unreadableCredentials() async throws {
        try await TestServer.run(try .tls(certificates.server), routes: Self.routes) { client, port in
            let unreadable = Array("no certificate".utf8)
            for tls in [
                TLSOptions(certificateAuthorities: unreadable),
                TLSOptions(
                    certificateAuthorities: certificates.authority, clientCertificate: unreadable,
                    clientKey: certificates.client.key),
                TLSOptions(
                    certificateAuthorities: certificates.authority,
                    clientCertificate: certificates.client.certificate, clientKey: certificates.server.key),
            ] {
                let error = try await failure { try await get(client, "https://localhost:\(port)/host", tls) }
                #expect(error.kind == .tls)
            }
        }
    }
}
