import SourceSupport
import TestSupport
import Testing
import WireFormats

/// Servers in the place of Cloud Monitoring whose answers are made to take the plugin's memory, asked by many calls at
/// once.
@Suite("Pub/Sub answers that use much memory", .timeLimit(.minutes(3)), .serialized)
struct PubSubMemoryAttackTests {
    private static let bound = 192 << 20
    private static let token = #"{"access_token":"token","expires_in":3599,"token_type":"Bearer"}"#

    /// - Parameters:
    ///   - token: The answer of the token endpoint.
    ///   - page: The answer to the request for a page of series, by the request's head.
    private func attack(
        calls: Int, token: String = Self.token, status: Int = 200, page: @escaping @Sendable (String) -> String
    ) async throws -> PluginMemory {
        let account = try ServiceAccount.shared.get().json()
        return try await RawServer.run { connection in
            while let head = connection.readHead() {
                let isPage = head.hasPrefix("GET ")
                let body = isPage ? page(head) : token
                let line = "HTTP/1.1 \(isPage ? status : 200) OK\r\nContent-Length: \(body.utf8.count)\r\n"
                // The request's body is left unread.
                guard connection.write("\(line)Connection: close\r\n\r\n\(body)"), isPage else { return }
            }
        } _: { port in
            let place = JSON.string("http://127.0.0.1:\(port)")
            let configs = (0..<calls).map { number -> String in
                let config: JSON = [
                    "project": "shop", "subscription": .string("orders-\(number)"), "credentials": .string(account),
                    "endpoint": place, "window": "24h",
                    // A token of its own for each call.
                    "tokenEndpoint": .string("http://127.0.0.1:\(port)/\(number)"),
                ]
                return "\(config)"
            }
            return try await PluginMemory.reading("generalscaler-plugin-pubsub", type: "pubsub", configs: configs)
        }
    }

    private func expectErrors(_ memory: PluginMemory, calls: Int) {
        #expect(memory.answers.count == calls && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    /// Bodies by name: a test's arguments are printed.
    private static let bodies: [String: String] = [
        "empty series": #"{"timeSeries":[{}"# + String(repeating: ",{}", count: 2_700_000) + "]}",
        "labels of one series": #"{"timeSeries":[{"metric":{"labels":[[]"#
            + String(repeating: ",[]", count: 2_700_000) + "]}}]}",
        "labels of many series": #"{"timeSeries":["#
            + (0..<240_000).map { #"{"metric":{"labels":"\#($0)"}}"# }.joined(separator: ",") + "]}",
        "unused members": "{" + String(repeating: #""unit":{},"#, count: 800_000) + #""a":{}}"#,
        "levels": String(repeating: "[", count: 8_000_000),
        "one text": #"{"nextPageToken":""# + String(repeating: "a", count: 8_000_000) + #""}"#,
    ]

    @Test(
        "an answer of almost 8 MiB of small values is an error and little memory, regardless of their position",
        arguments: bodies.keys.sorted())
    func smallValues(name: String) async throws {
        let body = try #require(Self.bodies[name])
        expectErrors(try await attack(calls: 4) { _ in body }, calls: 4)
    }

    @Test(
        "an endless answer, or one with another status, is an error and uses little memory",
        arguments: [200, 400, 403, 500])
    func otherAnswers(status: Int) async throws {
        let body = #"{"error":{"message":""# + String(repeating: "a", count: 9 << 20)
        expectErrors(try await attack(calls: 6, status: status) { _ in body }, calls: 6)
    }

    @Test("a token answer of 250 KB of small values is an error and uses little memory")
    func token() async throws {
        let body = #"{"access_token":[[]"# + String(repeating: ",[]", count: 80_000) + "]}"
        expectErrors(try await attack(calls: 32, token: body) { _ in "{}" }, calls: 32)
    }

    @Test("a valid answer of many pages of points is read for many concurrent calls with little memory")
    func manyPoints() async throws {
        let end = RFC3339.text(microseconds: WallClock.nowMicroseconds() - 61_000_007, precision: .exact)
        let point = #"{"interval":{"endTime":"\#(end)"},"value":{"int64Value":"42"}}"#
        let points = Array(repeating: point, count: 4_000).joined(separator: ",")
        let memory = try await attack(calls: 6) { head in
            let isLast = head.contains("pageToken=2")
            let next = isLast ? "" : head.contains("pageToken=1") ? "2" : "1"
            return #"{"timeSeries":[{"metric":{"labels":{"a":"b"}},"points":[\#(points)]}],"nextPageToken":"\#(next)"}"#
        }
        #expect(memory.answers.count == 6)
        #expect(memory.answers.allSatisfy { $0["result"]?["value"] == 42 }, "\(memory.answers.first ?? .null)")
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }
}
