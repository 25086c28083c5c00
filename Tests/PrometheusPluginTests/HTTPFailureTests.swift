import HTTPTransport
import PluginSDK
import Testing

@testable import generalscaler_plugin_prometheus

/// Returns the error for a response without a result, or for a missing response.
@Suite struct HTTPFailureTests {
    private func failure(
        _ status: Int, _ body: String, headers: [HTTPHeader] = [], config: String = ""
    ) async throws -> PluginError {
        let client = FakePrometheus(status: status, body, headers: headers)
        return try #require(try await PrometheusPlugin(client: client, files: FakeFiles()).failure(config))
    }

    private static let apiError = #"{"status":"error","errorType":"bad_data","error":"parse error at char 3"}"#

    @Test(
        "an HTTP error status has an error kind and a message with the fix",
        arguments: [
            (400, apiError, PluginError.Kind.configInvalid, "parse error at char 3"),
            (422, apiError, .configInvalid, "parse error at char 3"),
            (401, "", .authFailed, "set auth"),
            (403, "forbidden", .authFailed, "\"forbidden\""),
            (404, "404 page not found", .notFound, "Check the path prefix in address"),
            (405, "", .configInvalid, "method: GET"),
            (429, "slow down", .rateLimited, "slow down"),
            (500, "", .sourceUnreachable, "status 500"),
            (502, "<html>bad gateway</html>", .sourceUnreachable, "<html>bad gateway</html>"),
            (
                503, #"{"status":"error","errorType":"timeout","error":"query timed out"}"#, .sourceUnreachable,
                "timed out"
            ),
            (418, "", .sourceUnreachable, "status 418"),
            (204, "", .sourceUnreachable, "status 204"),
            (200, apiError, .configInvalid, "parse error at char 3"),
            (200, #"{"status":"error","errorType":"unavailable","error":"starting"}"#, .sourceUnreachable, "starting"),
            (200, #"{"status":"error"}"#, .sourceUnreachable, "without a message"),
            (200, "<html>sign in</html>", .sourceUnreachable, "not JSON: \"<html>sign in</html>\""),
            (200, "", .sourceUnreachable, "an empty body"),
        ])
    func httpErrorStatus(
        status: Int, body: String, kind: PluginError.Kind, hint: String
    ) async throws {
        let error = try await failure(status, body)
        #expect(error.kind == kind)
        #expect(error.message.contains(hint), "\(error.message)")
    }

    @Test(
        "a rate limit error contains the server's Retry-After delay",
        arguments: [("7", 7_000), ("0", 0), ("soon", nil), ("-1", nil), ("99999999999", nil)])
    func rateLimitError(header: String, milliseconds: Int?) async throws {
        let error = try await failure(429, "", headers: [HTTPHeader("retry-after", header)])
        #expect(error.retryAfterMs == milliseconds)
    }

    @Test("a redirect is not followed, and is reported without its query")
    func redirectFollowedReported() async throws {
        let client = FakePrometheus(
            status: 302, "", headers: [HTTPHeader("Location", "https://login.example.com/start?ticket=canary")])
        let plugin = PrometheusPlugin(client: client, files: FakeFiles())
        let error = try #require(try await plugin.failure(#""auth": {"bearer": {"token": "t"}}"#))
        #expect(error.kind == .configInvalid)
        #expect(error.message.contains("https://login.example.com/start"))
        #expect(!error.message.contains("canary"))
        #expect(client.requests.count == 1)
    }

    @Test("a body that is not JSON is quoted only up to a limit and on one line")
    func bodyJSONQuoted() async throws {
        let error = try await failure(200, "<\n" + String(repeating: "x", count: 5_000))
        #expect(error.message.contains("< " + String(repeating: "x", count: 4_094) + "\" and 906 bytes more"))
        #expect(!error.message.contains("\n"))
    }

    @Test(
        "each transport failure has its error kind",
        arguments: [
            (HTTPError.Kind.nameLookup, PluginError.Kind.sourceUnreachable),
            (.connect, .sourceUnreachable), (.tls, .sourceUnreachable), (.connectionLost, .sourceUnreachable),
            (.deadline, .deadlineExceeded), (.bodyTooLarge, .configInvalid), (.cancelled, .cancelled),
            (.invalidRequest, .configInvalid),
        ])
    func transportFailureError(cause: HTTPError.Kind, kind: PluginError.Kind) async throws {
        let client = FakePrometheus(.failure(HTTPError(cause, "what happened")))
        let error = try #require(try await PrometheusPlugin(client: client, files: FakeFiles()).failure())
        #expect(error.kind == kind)
    }
}
