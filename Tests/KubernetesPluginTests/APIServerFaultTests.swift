import HTTPTransport
import PluginSDK
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

/// API servers that misbehave, with the real HTTP client: every metric type ends with an error, and never has a value.
@Suite("Misbehaving API servers", .timeLimit(.minutes(3)))
struct APIServerFaultTests {
    /// Returns the error of a call to a server that runs the script for each connection.
    private func failure(
        _ type: MetricTypeCase, scheme: String = "http", timeout: Duration = .seconds(20),
        script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            let call = await KubernetesPluginTests.failure {
                try await type.read("\(scheme)://127.0.0.1:\(port)", timeout: timeout)
            }
            let error = try #require(call)
            #expect(!error.message.contains("canary"), "\(error.message)")
            return error
        }
    }

    /// Returns the error of a call to a server that answers every request the same.
    private func failure(
        _ type: MetricTypeCase, status: Int = 200, _ body: String, headers: String = ""
    ) async throws -> PluginError {
        try await failure(type) { connection in
            while connection.readHead() != nil {
                connection.write(
                    "HTTP/1.1 \(status) x\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    @Test(
        "each HTTP status is an error of its kind with the field at fault and the fix",
        arguments: MetricTypeCase.allCases)
    func statuses(type: MetricTypeCase) async throws {
        let field: String? =
            switch type {
            case .resource, .custom: nil
            case .external: "metric"
            case .objects: "resource"
            }
        let expected: [(status: Int, kind: PluginError.Kind, path: String?, fix: String)] = [
            (301, .configInvalid, "address", "correct defaults.address"),
            (400, .configInvalid, field, "Correct the config"),
            (401, .authFailed, "token", "check defaults.token"), (403, .authFailed, nil, "administrator to"),
            (404, .notFound, field, ""), (410, .notFound, field, ""), (429, .rateLimited, nil, ""),
            (500, .sourceUnreachable, nil, "HTTP status 500"), (503, .sourceUnreachable, nil, "HTTP status 503"),
            (504, .deadlineExceeded, nil, "HTTP status 504"), (201, .sourceUnreachable, nil, "HTTP status 201"),
        ]
        let status: JSON = ["kind": "Status", "message": "the reason"]
        for (code, kind, path, fix) in expected {
            let error = try await failure(
                type, status: code, "\(status)",
                headers: "Retry-After: 7\r\nLocation: http://127.0.0.1:1/x?t=canary\r\n")
            #expect(error.kind == kind && error.path == path, "\(code): \(error)")
            #expect(error.message.contains("HTTP status \(code)") && error.message.contains(": the reason"))
            #expect(error.message.contains(fix), "\(error.message)")
            #expect(error.retryAfterMs == (code == 429 ? 7_000 : nil))
        }
    }

    @Test("an answer that is not what the API documents is an error that says so", arguments: MetricTypeCase.allCases)
    func malformed(type: MetricTypeCase) async throws {
        let bodies = [
            "<!DOCTYPE html><html><body>Sign in</body></html>", "", "7", "null", "[]", "{}", #"{"items":{}}"#,
            #"{"items":7}"#, #"{"items":[{}"#, #"{"items":[]}}"#, #"{"metadata":{},"kind":"PodList"}"#,
            "{\"items\":[\u{0}]}",
            String(repeating: "[", count: 100_000),
        ]
        for body in bodies {
            let error = try await failure(type, body)
            #expect(error.kind == .sourceUnreachable, "\(body.prefix(50)): \(error)")
            #expect(error.message.contains("is malformed"), "\(error.message)")
            #expect(error.message.utf8.count < 4_608)
        }
    }

    @Test(
        "an item without what a value needs is an error, never 0",
        arguments: [
            (.resource, #"{"metadata":{}}"#), (.resource, "7"), (.resource, "null"),
            (.resource, #"{"metadata":{"name":"a"},"window":"30s"}"#),
            (.resource, #"{"metadata":{"name":"a"},"timestamp":"2026-11-30T01:23:45Z","window":"-30s"}"#),
            (.external, "{}"), (.external, #"{"value":null}"#), (.external, #"{"value":""}"#), (.external, "null"),
            (.external, #"{"value":true}"#), (.external, #"{"value":"1e999"}"#), (.external, #"{"value":"NaN"}"#),
        ] as [(MetricTypeCase, String)])
    func malformedItem(type: MetricTypeCase, item: String) async throws {
        let error = try await failure(type, #"{"items":[\#(item)]}"#)
        #expect(error.kind == .sourceUnreachable && error.message.contains("is malformed"), "\(error)")
    }

    @Test("a redirect is not followed")
    func redirect() async throws {
        let (requests, request) = AsyncStream<Void>.makeStream()
        try await RawServer.run { _ in
            request.yield()
        } _: { other in
            _ = try await failure(
                .objects, status: 302, "",
                headers: "Location: http://127.0.0.1:\(other)/api/v1/namespaces/shop/pods\r\n")
        }
        request.finish()
        #expect(await requests.first { _ in true } == nil)
    }

    // MARK: Time and size

    @Test("an answer that arrives byte by byte ends at the deadline", arguments: MetricTypeCase.allCases)
    func drip(type: MetricTypeCase) async throws {
        let error = try await failure(type, timeout: .seconds(1)) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"items\":[")
            while connection.write(" "), !connection.isClosed(within: 50) {}
        }
        #expect(error.kind == .deadlineExceeded, "\(error)")
    }

    @Test("a truncated answer, and a server that sends nothing, are errors", arguments: MetricTypeCase.allCases)
    func cutOff(type: MetricTypeCase) async throws {
        let cut = try await failure(type) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"items\":[]}")
        }
        #expect(cut.kind == .sourceUnreachable && cut.path == "address", "\(cut)")
        let silent = try await failure(type, timeout: .milliseconds(700)) { $0.waitForClose() }
        #expect(silent.kind == .deadlineExceeded, "\(silent)")
    }

    @Test("an endless answer ends at the size limit", arguments: MetricTypeCase.allCases)
    func endless(type: MetricTypeCase) async throws {
        let error = try await failure(type, timeout: .seconds(60)) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\n\r\n{\"items\":[")
            let block = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            while connection.write(block) {}
        }
        #expect(error.kind == .sourceUnreachable && error.message.contains("more than 16 MiB"), "\(error)")
    }

    @Test("a compressed answer, which the plugin does not ask for, is refused before it is decompressed")
    func gzipBomb() async throws {
        let bomb = try await run(
            .path("/bin/sh"), arguments: ["-c", "head -c 67108864 /dev/zero | tr '\\0' ' ' | gzip -9"],
            output: .bytes(limit: 1 << 20), error: .discarded
        ).standardOutput
        for type in MetricTypeCase.allCases {
            let error = try await failure(type) { connection in
                guard connection.readHead()?.contains("Accept-Encoding: identity\r\n") == true else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
                connection.write(bomb)
                connection.waitForClose()
            }
            #expect(error.path == "address" && error.message.contains("Content-Encoding: gzip"), "\(error)")
        }
    }

    // MARK: Lists

    /// Runs a server whose answers are the pages of a list, by the `continue` of the request.
    private func pages(
        _ type: MetricTypeCase, _ page: @escaping @Sendable (_ continuation: String?) -> (status: Int, body: String)
    ) async throws -> PluginError {
        try await failure(type, timeout: .seconds(120)) { connection in
            while let head = connection.readHead() {
                let target = head.split(separator: " ")[1]
                let mark = target.ranges(of: "continue=").first
                let answer = page(mark.map { String(target[$0.upperBound...]) })
                connection.write(
                    "HTTP/1.1 \(answer.status) x\r\nContent-Length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)")
            }
        }
    }

    @Test(
        "a list that continues with the same page, or without end, is an error",
        arguments: [MetricTypeCase.resource, .objects])
    func endlessList(type: MetricTypeCase) async throws {
        let same = try await pages(type) { _ in (200, #"{"metadata":{"continue":"a"},"items":[]}"#) }
        #expect(same.kind == .sourceUnreachable && same.message.contains("the page that it came from"), "\(same)")
        let loop = try await pages(type) { continuation in
            (200, #"{"metadata":{"continue":"\#(continuation == "a" ? "b" : "a")"},"items":[]}"#)
        }
        #expect(loop.kind == .sourceUnreachable && loop.message.contains("does not end after 320 pages"), "\(loop)")
    }

    @Test("a list with more objects than the plugin reads is an error, in one page and in many")
    func longList() async throws {
        let page =
            #"{"metadata":{"continue":"CONTINUE"},"items":[\#(Array(repeating: "{}", count: 9_000).joined(separator: ","))]}"#
        let many = try await pages(.objects) { (200, page.replacing("CONTINUE", with: "\($0 ?? "")x")) }
        #expect(many.message.contains("more than 20000 objects"), "\(many)")
        let one = try await failure(
            .objects, #"{"items":[\#(Array(repeating: "{}", count: 20_001).joined(separator: ","))]}"#)
        #expect(one.message.contains("more than 20000 objects"), "\(one)")
    }

    @Test("a list whose continuation is always too old is an error after it was read from its start twice")
    func oldContinuation() async throws {
        let error = try await pages(.objects) { continuation in
            continuation == nil
                ? (200, #"{"metadata":{"continue":"a"},"items":[{}]}"#)
                : (410, #"{"kind":"Status","message":"too old"}"#)
        }
        #expect(
            error.kind == .sourceUnreachable && error.message.contains("ended twice before its last page"), "\(error)")
    }

    @Test("a list without metadata, or with null for its items, is complete")
    func noMetadata() async throws {
        for (body, count) in [(#"{"items":[{},{}]}"#, 2.0), (#"{"items":null,"metadata":{"continue":""}}"#, 0)] {
            let value = try await RawServer.run { connection in
                while connection.readHead() != nil {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                }
            } _: { port in
                try await MetricTypeCase.objects.read("http://127.0.0.1:\(port)").value
            }
            #expect(value == count)
        }
    }

    // MARK: TLS

    @Test(
        "a server that breaks the TLS handshake is reported as an error of the field tls",
        arguments: MetricTypeCase.allCases)
    func brokenTLS(type: MetricTypeCase) async throws {
        let error = try await failure(type, scheme: "https") { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
    }

    @Test("an API server of another certificate authority is not trusted, and one of tls.ca is")
    func untrusted() async throws {
        let certificates = try TestCertificates.shared.get()
        @Sendable func ca(_ pem: [UInt8]) -> [String: JSON] {
            ["tls": ["ca": .string(String(decoding: pem, as: UTF8.self))]]
        }
        try await TLSServer.run(certificates.server, answer: #"{"items":[{}]}"#) { port in
            let address = "https://localhost:\(port)"
            for tls in [[:], ca(certificates.otherAuthority)] {
                for type in MetricTypeCase.allCases {
                    let call = await KubernetesPluginTests.failure { try await type.read(address, tls) }
                    let error = try #require(call)
                    #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
                    #expect(error.message.contains("check the certificate authority"), "\(error.message)")
                }
            }
            #expect(try await MetricTypeCase.objects.read(address, ca(certificates.authority)).value == 1)
        }
    }
}

/// What the plugin writes.
@Suite struct KubernetesSecretTests {
    @Test("the plugin's output contains no secret", arguments: MetricTypeCase.allCases)
    func canary(type: MetricTypeCase) async throws {
        let port = try RawServer.unusedPort()
        let address = "http://127.0.0.1:\(port)"
        let configs = [
            type.config(address: address), type.config(address: address, ["token": ["canary-1"]]),
            type.config(address: address, ["tls": ["cert": "/none", "key": "canary-2"]]),
            type.config(address: address, ["token": "canary \n3"]),
        ]
        let transcript = try await PluginTranscript(
            "generalscaler-plugin-kubernetes", type: type.rawValue, configs: configs.map(\.description))
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:\(port)"))
        #expect(!transcript.everything.contains("canary"))
    }
}

/// API servers and adapters whose answers are made to take the plugin's memory.
@Suite("API server answers that use much memory", .timeLimit(.minutes(10)), .serialized)
struct KubernetesMemoryAttackTests {
    private static let bound = 192 << 20

    private static func list(_ item: String, bytes: Int) -> String {
        let count = bytes / (item.utf8.count + 1)
        return #"{"items":["# + Array(repeating: item, count: count).joined(separator: ",") + "]}"
    }

    /// Bodies of almost 16 MiB by name: a test's arguments are printed.
    private static let attacks: [String: String] = [
        "empty objects": list("{}", bytes: 15 << 20), "nested": list("[[[[]]]]", bytes: 15 << 20),
        "numbers": list(#"{"value":1}"#, bytes: 15 << 20),
        "one object": #"{"items":[{"metadata":{"labels":{"#
            + (0..<600_000).map { #""\#($0)":"""# }.joined(separator: ",") + "}}}]}",
        "levels": #"{"items":"# + String(repeating: "[", count: 15 << 20),
    ]

    @Test(
        "an answer of almost 16 MiB of small values is an error and uses little memory",
        arguments: attacks.keys.sorted(), MetricTypeCase.allCases)
    func smallValues(name: String, type: MetricTypeCase) async throws {
        let body = try #require(Self.attacks[name])
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let memory = try await RawServer.run { connection in
            while connection.readHead() != nil, connection.write(answer) {}
        } _: { port in
            // Each in another namespace, so that they share no answer.
            let configs = (0..<4).map { number in
                type.config(address: "http://127.0.0.1:\(port)", ["namespace": .string("shop-\(number)")]).description
            }
            return try await PluginMemory.reading(
                "generalscaler-plugin-kubernetes", type: type.rawValue, configs: configs)
        }
        #expect(memory.answers.count == 4 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }
}
