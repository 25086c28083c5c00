import HTTPTransport
import PluginSDK
import Subprocess
import SystemPackage
import TestSupport
import Testing

@testable import generalscaler_plugin_http

/// Servers that misbehave, with the real HTTP client.
@Suite("Misbehaving HTTP sources", .timeLimit(.minutes(3)))
struct HTTPFaultTests {
    private func failure(
        _ fields: String = #""jsonPath": "$.n""#, scheme: String = "http", timeout: Duration = .seconds(20),
        script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            let plugin = HTTPPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))
            return try #require(
                try await plugin.failure(fields, url: "\(scheme)://127.0.0.1:\(port)/q?a=b", timeout: timeout))
        }
    }

    @Test("a truncated answer is never a value")
    func cutOff() async throws {
        let error = try await failure { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"n\": 1")
        }
        #expect(error.kind == .sourceUnreachable)
    }

    @Test("an answer that arrives byte by byte ends at the deadline")
    func drip() async throws {
        let error = try await failure(timeout: .seconds(1)) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.write(" "), !connection.isClosed(within: 50) {}
        }
        #expect(error.kind == .deadlineExceeded)
    }

    @Test("a server that accepts and sends nothing is abandoned after timeoutSeconds")
    func silence() async throws {
        let error = try await failure(#""timeoutSeconds": 0.5"#) { $0.waitForClose() }
        #expect(error.kind == .deadlineExceeded)
    }

    @Test("a body of 1 GB is rejected at the size limit")
    func largeBody() async throws {
        let error = try await failure(timeout: .seconds(120)) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            let block = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            while connection.write(block) {}
        }
        #expect(error.kind == .configInvalid)
        #expect(error.path == "url")
        #expect(error.message.contains("larger than 8 MiB"), "\(error.message)")
    }

    @Test("a compressed answer, which the plugin does not ask for, is refused before it is decompressed")
    func gzipBomb() async throws {
        let bomb = try await run(
            .path("/bin/sh"), arguments: ["-c", "head -c 268435456 /dev/zero | tr '\\0' ' ' | gzip -9"],
            output: .bytes(limit: 4 << 20), error: .discarded
        ).standardOutput
        #expect(bomb.count < 1 << 20)
        let error = try await failure { connection in
            guard connection.readHead()?.contains("Accept-Encoding: identity\r\n") == true else { return }
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
            connection.write(bomb)
            connection.waitForClose()
        }
        #expect(error.kind == .configInvalid && error.path == "url")
        #expect(error.message.contains("Content-Encoding: gzip") && error.message.contains("turn compression off"))
    }

    @Test(
        "an error's compressed body does not hide its status, and a coding of identity is none",
        arguments: [
            (403, "br", PluginError.Kind.authFailed), (500, "x-gzip", .sourceUnreachable), (404, "", .notFound),
        ])
    func codedErrors(status: Int, coding: String, kind: PluginError.Kind) async throws {
        let error = try await failure { connection in
            _ = connection.readHead()
            connection.write(
                "HTTP/1.1 \(status) x\r\ncontent-encoding: \(coding)\r\nContent-Length: 4\r\n\r\n\u{1F}\u{2}\u{8}x")
        }
        #expect(error.kind == kind && error.message.contains("HTTP status \(status)"), "\(error)")
        let client = FakeServer(.answer("3.5", headers: [HTTPHeader("Content-Encoding", "Identity")]))
        #expect(try await HTTPPlugin(client: client).value().value == 3.5)
    }

    @Test("a server of another certificate authority is not trusted, and one of tls.ca is")
    func untrusted() async throws {
        let certificates = try TestCertificates.shared.get()
        @Sendable func ca(_ pem: [UInt8]) -> String {
            #", "tls": {"ca": "\#(String(decoding: pem, as: UTF8.self).replacing("\n", with: "\\n"))"}"#
        }
        try await TLSServer.run(certificates.server, answer: #"{"n": 17.25}"#) { port in
            let plugin = HTTPPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))
            let path = #""jsonPath": "$.n""#
            for fields in [path, path + ca(certificates.otherAuthority)] {
                let call = try await plugin.failure(fields, url: "https://localhost:\(port)/")
                let error = try #require(call)
                #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
                #expect(error.message.contains("check the certificate authority"), "\(error.message)")
            }
            let trusted = path + ca(certificates.authority)
            #expect(try await plugin.value(trusted, url: "https://localhost:\(port)/").value == 17.25)
            let unverified = path + #", "tls": {"insecureSkipVerify": true}"#
            #expect(try await plugin.value(unverified, url: "https://127.0.0.1:\(port)/").value == 17.25)
        }
    }

    @Test("a server that breaks the TLS handshake is reported as an error of the field tls")
    func brokenTLS() async throws {
        let error = try await failure(scheme: "https") { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        #expect(error.kind == .sourceUnreachable && error.path == "tls")
    }

    @Test("a redirect is not followed, and its query is not shown")
    func redirect() async throws {
        let error = try await failure { connection in
            _ = connection.readHead()
            connection.write(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login?ticket=canary\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(error.kind == .configInvalid && error.path == "url")
        #expect(error.message.contains("http://127.0.0.1:1/login") && !error.message.contains("canary"))
    }

    @Test(
        "each HTTP status is reported with its error kind, the field at fault and the fix",
        arguments: [
            (204, .noData, nil), (304, .configInvalid, "url"), (400, .configInvalid, "url"), (401, .authFailed, "auth"),
            (403, .authFailed, "auth"), (404, .notFound, "url"), (405, .configInvalid, "method"),
            (408, .sourceUnreachable, "url"), (410, .notFound, "url"), (422, .configInvalid, "url"),
            (429, .rateLimited, "url"), (500, .sourceUnreachable, "url"), (503, .sourceUnreachable, "url"),
        ] as [(Int, PluginError.Kind, String?)])
    func statuses(status: Int, kind: PluginError.Kind, path: String?) async throws {
        let client = FakeServer(.answer(status: status, "why", headers: [HTTPHeader("Retry-After", "7")]))
        let error = try #require(try await HTTPPlugin(client: client).failure())
        #expect(error.kind == kind && error.path == path, "\(error)")
        #expect(error.retryAfterMs == (status == 429 ? 7_000 : nil))
    }

    @Test("concurrent calls with the same request share one transfer and each get their own value of it")
    func shared() async throws {
        let (started, signal) = AsyncStream<Void>.makeStream()
        let body = #"{"n": 1, "m": 2}"#
        let numbers = try await RawServer.run { connection in
            guard connection.readHead() != nil else { return }
            signal.yield()
            // Answers once all calls have been made, which closes none of them.
            while !connection.isClosed(within: 200) {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                break
            }
            signal.yield()
        } _: { port in
            let plugin = HTTPPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))
            let url = "http://127.0.0.1:\(port)/q"
            async let first = plugin.value(#""jsonPath": "$.n""#, url: url)
            var iterator = started.makeAsyncIterator()
            await iterator.next()
            async let second = plugin.value(#""jsonPath": "$.m""#, url: url)
            async let third = plugin.value(#""jsonPath": "$.n""#, url: url)
            return try await [first.value, second.value, third.value]
        }
        #expect(numbers == [1, 2, 1])
    }

    @Test("the plugin's output contains no secret")
    func canary() async throws {
        let url = #""url": "http://127.0.0.1:1/x""#
        let key =
            #""region": "eu-west-1", "service": "sqs", "accessKeyID": "a", "secretAccessKey": "canary-1", "sessionToken": "canary-2""#
        let oauth = #""tokenURL": "http://127.0.0.1:1/t", "clientID": "c", "clientSecret": "canary-9""#
        let configs = [
            #"{\#(url), "headers": {"X-A": "canary-3"}, "auth": {"bearer": {"token": "canary-4"}}}"#,
            #"{\#(url), "auth": {"basic": {"username": "u", "password": "canary-5"}}}"#,
            #"{\#(url), "auth": {"sigv4": {\#(key)}}}"#, #"{\#(url), "auth": {"oauth2": {\#(oauth)}}}"#,
            #"{\#(url), "auth": {"google": {"credentials": "canary-10"}}}"#,
            #"{\#(url), "tls": {"cert": "/none", "key": "canary-6"}}"#,
            #"{\#(url), "headers": {"X A": "canary-7"}, "auth": {"bearer": {"token": "canary 8"}}}"#,
        ]
        let transcript = try await PluginTranscript("generalscaler-plugin-http", type: "http", configs: configs)
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:1"))
        #expect(!transcript.everything.contains("canary"))
    }
}
