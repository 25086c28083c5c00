import HTTPTransport
import PluginSDK
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_http

/// What the plugin sends with `auth.sigv4`, compared with AWS's own library.
@Suite(.timeLimit(.minutes(5)))
struct SignatureTests {
    private static let plugin = HTTPPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))

    /// A request that a config asks for; `target` follows the server's address.
    private struct Case {
        var target: String
        var service = "es"
        var headers: [String: String] = [:]
        var body: String?
        var token: String?

        func config(address: String) -> JSON {
            var sigv4: [String: JSON] = [
                "region": "eu-west-1", "service": .string(service), "accessKeyID": "AKIDEXAMPLE",
                "secretAccessKey": "canary-key",
            ]
            sigv4["sessionToken"] = token.map(JSON.string)
            var config: [String: JSON] = [
                "url": .string(address + target), "auth": ["sigv4": .object(sigv4)],
                "headers": .object(headers.mapValues(JSON.string)),
            ]
            config["body"] = body.map(JSON.string)
            if body != nil { config["method"] = "POST" }
            return .object(config)
        }
    }

    /// Reads a request, notes it, and answers it with 1.
    private static let received: @Sendable (RawServer.Connection, (String) -> Void) -> Void = { connection, note in
        guard var request = connection.readHead() else { return }
        let length =
            request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
        var body: [UInt8] = []
        while body.count < length, let bytes = connection.read() { body += bytes }
        request += String(decoding: body, as: UTF8.self)
        note(request)
        connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1")
    }

    /// Sends all, and expects of each what AWS's library signs.
    private func check(_ cases: [Case]) async throws {
        let log = Mutex<[String]>([])
        var requests: [AWSLibrary.Request] = []
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            Self.received(connection) { request in log.withLock { $0.append(request) } }
        }
        try await RawServer.run(script: script) { port in
            for item in cases {
                let config = try HTTPSourceConfig(parsing: item.config(address: "http://127.0.0.1:\(port)").description)
                let reading = try await Self.plugin.value(
                    for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + .seconds(20)))
                #expect(reading.value == 1)
                let last = try #require(log.withLock { $0.popLast() })
                #expect(!last.contains("canary-key"))
                requests.append(
                    AWSLibrary.Request(
                        received: last, url: "http://127.0.0.1:\(port)\(item.target)", service: item.service,
                        headers: Array(item.headers.keys), hasToken: item.token != nil))
            }
        }
        let (verdicts, complaint) = try await AWSLibrary.verdicts(on: requests)
        #expect(verdicts.count == cases.count, "\(complaint)")
        for (verdict, request) in zip(verdicts, requests) where verdict != "the same" {
            Issue.record("\(verdict)\n\(request)")
        }
    }

    @Test("encoded paths, repeated fields and bodies are signed as AWS's own library signs them")
    func named() async throws {
        let targets = [
            "", "/", "/orders%2Cold/_count", "/q/a%20b", "/q//x/./y", "/a/../b/", "/a,b;c@d:e", "/%c3%b6/%7e",
            "/?z=%7E", "/?t=%2b1", "/?f=a*b(c)", "/?attr=a%20b%2Fc", "/?b&a=2&a=1&a-b=3&A=+",
        ]
        try await check(
            targets.map { Case(target: $0) } + targets.map { Case(target: $0, service: "s3", token: "to+k/en=") } + [
                Case(
                    target: "/",
                    headers: ["X-Amz-Target": "AmazonSQS.Get", "Content-Type": "application/x-amz-json-1.0"],
                    body: #"{"QueueUrl": "ö"}"#),
                Case(target: "/", headers: ["X-Note": "  a   b  c  ", "x-none": ""], body: " ", token: "t"),
            ])
    }

    @Test("300 random requests are signed as AWS's own library signs them")
    func random() async throws {
        var random = SplitMix64(seed: 20_261_130)
        let pieces = [
            "a", "B", "7", "-", ".", "_", "~", "/", "//", "%20", "%2F", "%2f", "%25", "%c3%a9", "%7e", "!", "'", "(",
            ")",
            "*", ",", ";", ":", "@", "&", "=", "+", "/.", "/..", "/./", "%2B", "%3D", "%26",
        ]
        func text(_ pieces: [String], most: Int) -> String {
            (0..<random.within(0...most)).map { _ in random.pick(pieces) }.joined()
        }
        let letters = ["x", "Y", " ", "  ", ";", ":", ",", "\"", "é", "=", "0"]
        let cases = (0..<300).map { _ in
            var item = Case(target: "/" + text(pieces, most: 8))
            if random.chance(percent: 70) { item.target += "?" + text(pieces + ["&", "&", "="], most: 12) }
            item.service = random.pick(["es", "sqs", "execute-api", "s3"])
            for name in ["X-One", "x-amz-meta-a", "Accept", "Content-Type"] where random.chance(percent: 30) {
                item.headers[name] = text(letters, most: 9)
            }
            if random.chance(percent: 50) { item.body = "{" + text(letters + ["\n", "{", "}"], most: 40) }
            if random.chance(percent: 50) { item.token = "FwoGZXIvYXdz+\(random.below(1_000_000))/==" }
            return item
        }
        try await check(cases)
    }

    @Test("a server that redirects a signed request gets no second one, and neither does the other server")
    func redirect() async throws {
        let seen = Mutex(0)
        let target: @Sendable (RawServer.Connection) -> Void = { connection in
            if connection.readHead() != nil { seen.withLock { $0 += 1 } }
        }
        try await RawServer.run(script: target) { other in
            let script: @Sendable (RawServer.Connection) -> Void = { connection in
                guard connection.readHead() != nil else { return }
                seen.withLock { $0 += 10 }
                connection.write(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:\(other)/\r\nContent-Length: 0\r\n\r\n"
                )
            }
            try await RawServer.run(script: script) { port in
                let config = try HTTPSourceConfig(
                    parsing: Case(target: "/", token: "canary-token").config(address: "http://127.0.0.1:\(port)")
                        .description)
                let error = await #expect(throws: PluginError.self) {
                    try await Self.plugin.value(
                        for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + .seconds(20)))
                }
                #expect(error?.path == "url" && !"\(String(describing: error))".contains("canary"))
            }
        }
        #expect(seen.withLock(\.self) == 10)
    }
}
