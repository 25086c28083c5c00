import HTTPTransport
import PluginSDK
import SourceSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// The handling of responses without points, and of missing responses.
@Suite struct MonitoringFailureTests {
    /// The fake's time, 2026-01-01T00:00:00Z.
    private static func point(_ end: String, _ value: String) -> String {
        #"{"timeSeries": [{"points": [{"interval": {"endTime": "\#(end)"}, "value": \#(value)}]}]}"#
    }

    @Test(
        "an HTTP error status has an error kind and a message with the fix",
        arguments: [
            (
                400, #"{"error": {"message": "The supplied filter is bad"}}"#, PluginError.Kind.configInvalid,
                "filter is bad"
            ),
            (401, "", .authFailed, "no longer, valid"), (403, "{}", .authFailed, "monitoring.timeSeries.list"),
            (404, #"{"error": {"message": "Cannot find metric(s)"}}"#, .notFound, "Cannot find metric(s)"),
            (429, "", .rateLimited, "429"), (500, "", .sourceUnreachable, "500"),
            (503, "<html>", .sourceUnreachable, "<html>"), (302, "", .configInvalid, "does not follow"),
            (200, "<html>sign in</html>", .sourceUnreachable, "not JSON"), (200, "", .sourceUnreachable, "empty body"),
            (200, #"{"timeSeries": {}}"#, .sourceUnreachable, "timeSeries"),
            (200, point("soon", #"{"int64Value": "1"}"#), .sourceUnreachable, "endTime"),
            (200, point("2026-01-01T00:00:00Z", #"{"boolValue": true}"#), .sourceUnreachable, "doubleValue"),
            (200, point("2026-01-01T00:00:00Z", #"{"int64Value": "many"}"#), .sourceUnreachable, "int64Value"),
            (200, "{}", .noData, "no point of orders"), (200, #"{"timeSeries": []}"#, .noData, "no point of orders"),
            (200, #"{"timeSeries": [{"points": []}]}"#, .noData, "no point of orders"),
            (200, point("2025-12-31T23:50:00Z", #"{"int64Value": "1"}"#), .noData, "600 s old"),
            (200, #"{"executionErrors": [{"message": "a shard is slow"}]}"#, .noData, "a shard is slow"),
        ])
    func httpErrorStatus(
        status: Int, body: String, kind: PluginError.Kind, hint: String
    ) async throws {
        var replies = [Result<HTTPResponse, HTTPError>.success(.token), .success(.init(status, body))]
        if status == 401 { replies += replies }
        let error = try #require(try await FakeGoogle(replies).result().failure)
        #expect(error.kind == kind)
        #expect(error.message.contains(hint), "\(error.message)")
    }

    @Test(
        "integer and floating-point values are read",
        arguments: [
            (#"{"int64Value": "9007199254740993"}"#, 9_007_199_254_740_992.0), (#"{"doubleValue": 0.5}"#, 0.5),
            (#"{"int64Value": 12}"#, 12),
        ])
    func integerFloatingPoint(value: String, expected: Double) async throws {
        let reading = try await FakeGoogle(status: 200, Self.point("2025-12-31T23:58:00Z", value)).result().get()
        #expect(reading.value == expected)
        #expect(
            RFC3339.text(microseconds: reading.observedAtMicroseconds, precision: .seconds) == "2025-12-31T23:58:00Z")
    }

    @Test("the newest point of a series is used, regardless of the order")
    func newestPointSeries() async throws {
        let points = ["58", "59", "57"].map {
            #"{"interval": {"endTime": "2025-12-31T23:\#($0):00Z"}, "value": {"int64Value": "\#($0)"}}"#
        }
        let body = #"{"timeSeries": [{"points": [\#(points.joined(separator: ","))]}]}"#
        #expect(try await FakeGoogle(status: 200, body).result().get().value == 59)
    }

    @Test("endless pages are read only up to the page limit")
    func endlessPagesRead() async throws {
        let page = HTTPResponse(200, #"{"nextPageToken": "again"}"#)
        let client = FakeGoogle([.success(.token)] + Array(repeating: .success(page), count: 50))
        let error = try #require(try await client.result().failure)
        #expect(error.kind == .sourceUnreachable)
        #expect(client.requests.count == 1 + PubSubLimits.maxPages)
    }

    @Test("pages with large labels are abandoned as soon as the labels exceed the limit of one answer")
    func largeLabels() async throws {
        let pages = (0..<PubSubLimits.maxPages).map { page in
            let series = (0..<9).map { number in
                let label = "\(page)-\(number)-" + String(repeating: "é", count: 7_001)
                return #"{"metric": {"labels": {"a": "\#(label)"}}, "points": []}"#
            }
            return HTTPResponse(200, #"{"timeSeries": [\#(series.joined(separator: ","))], "nextPageToken": "again"}"#)
        }
        let client = FakeGoogle([.success(.token)] + pages.map { .success($0) })
        let error = try #require(try await client.result().failure)
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("KiB of labels"), "\(error.message)")
        // Two pages have 252 KB, three have more than 256 KiB.
        #expect(client.requests.count == 1 + 3)
    }

    @Test(
        "each transport failure has its error kind, for Monitoring and the token endpoint",
        arguments: [
            (HTTPError.Kind.nameLookup, PluginError.Kind.sourceUnreachable), (.connect, .sourceUnreachable),
            (.tls, .sourceUnreachable), (.deadline, .deadlineExceeded), (.bodyTooLarge, .sourceUnreachable),
            (.cancelled, .cancelled),
        ])
    func transportFailureError(
        cause: HTTPError.Kind, kind: PluginError.Kind
    ) async throws {
        let lost = Result<HTTPResponse, HTTPError>.failure(HTTPError(cause, "what happened"))
        #expect(try await FakeGoogle([.success(.token), lost]).result().failure?.kind == kind)
        #expect(try await FakeGoogle([lost]).result().failure?.kind == kind)
    }

    @Test(
        "a failed token request has an error kind",
        arguments: [
            (
                400, #"{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}"#,
                PluginError.Kind.authFailed
            ),
            (401, #"{"error": {"status": "UNAUTHENTICATED", "message": "no"}}"#, .authFailed), (403, "", .authFailed),
            (429, "", .rateLimited), (500, "", .sourceUnreachable), (200, "{}", .sourceUnreachable),
            (200, #"{"access_token": "two words", "expires_in": 10}"#, .sourceUnreachable),
        ])
    func failedTokenRequest(status: Int, body: String, kind: PluginError.Kind) async throws {
        let client = FakeGoogle([.success(.init(status, body))])
        #expect(try await client.result().failure?.kind == kind)
        #expect(client.requests.count == 1)
    }

    @Test("a rate limit error contains Google's Retry-After delay", arguments: [("7", 7_000), ("soon", nil)])
    func rateLimitError(header: String, milliseconds: Int?) async throws {
        let client = FakeGoogle(status: 429, "", headers: [HTTPHeader("Retry-After", header)])
        #expect(try await client.result().failure?.retryAfterMs == milliseconds)
    }

    @Test("a request selects one subscription and one metric within the window")
    func requestSelectsSubscription() async throws {
        let client = FakeGoogle(status: 200, "{}")
        _ = try await client.result(["metric": "backlogBytes", "window": "10m", "subscription": "a+b%25"])
        let url = try #require(client.requests.last?.url)
        #expect(
            url.hasPrefix("https://monitoring.googleapis.com/v3/projects/shop/timeSeries?filter=metric.type%20%3D%20"))
        #expect(url.contains("pubsub.googleapis.com%2Fsubscription%2Fbacklog_bytes"))
        #expect(url.contains("subscription_id%20%3D%20%22a%2Bb%2525%22&"))
        #expect(url.contains("interval.startTime=2025-12-31T23%3A50%3A00"))
        #expect(url.contains("interval.endTime=2026-01-01T00%3A00%3A00"))
        #expect(client.requests.last?.headers.contains(HTTPHeader("Authorization", "Bearer token")) == true)
    }
}
