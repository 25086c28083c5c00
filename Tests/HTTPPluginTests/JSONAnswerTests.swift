import PluginSDK
import Testing

@testable import generalscaler_plugin_http

@Suite("JSON answers of an HTTP source")
struct JSONAnswerTests {
    private static let body = """
        \u{FEFF}{"messages": 17, "text": "3.25", "blank": " 8\\n", "plus": "+2e1", "none": null, "flag": true,
         "words": "many", "empty": "", "nan": "NaN", "inf": "-Infinity", "huge": "1e999", "list": [],
         "queues": [{"n": 1.5}, {"n": "2.5"}, {"other": 9}], "gaps": [1, null], "odd": [1, "x"], "null": [null, null]}
        """

    @Test(
        "numbers and numeric strings are combined by the aggregation",
        arguments: [
            ("$.messages", nil, 17), ("$.text", nil, 3.25), ("$.blank", nil, 8), ("$.plus", nil, 20),
            ("$.queues[*].n", "sum", 4), ("$.queues[*].n", "max", 2.5), ("$.queues[*].n", "min", 1.5),
            ("$.queues[*].n", "avg", 2), ("$.queues[*].n", "count", 2), ("$.messages", "avg", 17),
            ("$.queues[?@.n > 100]", "count", 0), ("$.list[*]", "count", 0), ("$.gaps[*]", "count", 2),
            ("$.odd[*]", "count", 2), ("$..n", "sum", 4),
        ] as [(String, String?, Double)])
    func values(path: String, aggregation: String?, value: Double) async throws {
        let extra = aggregation.map { #", "aggregation": "\#($0)""# } ?? ""
        let reading = try await HTTPPlugin(client: FakeServer(Self.body)).value(#""jsonPath": "\#(path)"\#(extra)"#)
        #expect(reading.value == value)
        #expect(reading.observedAtMicroseconds == HTTPPlugin.now)
    }

    @Test(
        "a selection that is not a number is an error of its kind, never zero",
        arguments: [
            ("$.absent", nil, .noData, "selects nothing"), ("$.none", nil, .noData, "$['none'] is null"),
            ("$.flag", nil, .configInvalid, "a boolean at $['flag']"),
            ("$.words", nil, .configInvalid, #"is "many", which is not a number"#),
            ("$.empty", nil, .configInvalid, "not a number"), ("$.queues", nil, .configInvalid, "an array"),
            ("$.nan", nil, .sourceUnreachable, "NaN"), ("$.inf", nil, .sourceUnreachable, "-Infinity"),
            ("$.huge", nil, .sourceUnreachable, "1e999"), ("$.queues[*].n", nil, .configInvalid, "selects 2 values"),
            ("$.list[*]", "sum", .noData, "selects nothing"), ("$.absent[*]", "count", .noData, "selects nothing"),
            ("$.none[*]", "count", .noData, "selects nothing"), ("$.gaps[*]", "sum", .noData, "$['gaps'][1] is null"),
            ("$.null[*]", "max", .noData, "$['null'][0] is null"), ("$.odd[*]", "max", .configInvalid, "$['odd'][1]"),
        ] as [(String, String?, PluginError.Kind, String)])
    func failures(path: String, aggregation: String?, kind: PluginError.Kind, hint: String) async throws {
        let extra = aggregation.map { #", "aggregation": "\#($0)""# } ?? ""
        let error = try await HTTPPlugin(client: FakeServer(Self.body)).failure(#""jsonPath": "\#(path)"\#(extra)"#)
        #expect(error?.kind == kind)
        #expect(error?.message.contains(hint) == true, "\(String(describing: error))")
    }

    @Test("a sum beyond the largest number is an error")
    func overflow() async throws {
        let error = try await HTTPPlugin(client: FakeServer("[1.7e308, 1.7e308]"))
            .failure(#""jsonPath": "$[*]", "aggregation": "sum""#)
        #expect(error?.kind == .sourceUnreachable)
    }

    @Test(
        "an answer that is not JSON is an error with a quote of it, and an HTML page is reported as such",
        arguments: [
            ("<!DOCTYPE html><title>Sign in</title>", "text/html; charset=utf-8", "an HTML page"),
            ("\n <html><body>Sign in</body></html>", "application/json", "an HTML page"),
            ("Sign in", "text/html", "an HTML page"), (#"{"messages": NaN}"#, "application/json", "is not JSON"),
            ("", "application/json", "an empty body"), (#"{"messages": 17}x"#, "application/json", "is not JSON"),
            (#"{"messages": 1"#, "application/json", "is not JSON"),
        ])
    func notJSON(body: String, type: String, hint: String) async throws {
        let error = try await HTTPPlugin(client: FakeServer(body, type: type)).failure(#""jsonPath": "$.messages""#)
        #expect(error?.kind == .sourceUnreachable)
        #expect(error?.path == "url")
        #expect(error?.message.contains(hint) == true, "\(String(describing: error))")
    }

    @Test("a document of too many values and a query that takes too long are errors with a fix")
    func bounds() async throws {
        let wide = "[" + String(repeating: "0,", count: 200_000) + "0]"
        let tooWide = try await HTTPPlugin(client: FakeServer(wide)).failure(#""jsonPath": "$[0]""#)
        #expect(tooWide?.kind == .configInvalid && tooWide?.path == "url")
        let list = "[" + String(repeating: "0,", count: 3_000) + "0]"
        let slow = try await HTTPPlugin(client: FakeServer(list))
            .failure(#""jsonPath": "$[?$[?@ == 1]]", "aggregation": "count""#)
        #expect(slow?.kind == .configInvalid && slow?.path == "jsonPath")
    }
}

@Suite("formats of an HTTP source")
struct FormatTests {
    @Test(
        "the Content-Type determines the format if neither jsonPath nor metric is set",
        arguments: [
            ("42", "application/json", "", 42), (#""7.5""#, "application/vnd.shop+json", "", 7.5),
            (" 19\r\n", "text/plain", "", 19), ("3", "", "", 3), ("\u{FEFF}6", "text/plain", #""format": "text""#, 6),
            (#"{"a": 5}"#, "text/plain", #""jsonPath": "$.a""#, 5), ("8", "text/plain", #""format": "json""#, 8),
            ("a 5\n", "application/json", #""metric": "a""#, 5),
            ("12", "application/json", #""format": "text", "aggregation": "count""#, 1),
        ] as [(String, String, String, Double)])
    func contentTypes(body: String, type: String, fields: String, value: Double) async throws {
        #expect(try await HTTPPlugin(client: FakeServer(body, type: type)).value(fields).value == value)
    }

    @Test(
        "a text answer that is not one number is an error",
        arguments: [
            ("", .noData), (" \n", .noData), ("1 2", .sourceUnreachable), ("0x10", .sourceUnreachable),
            ("1_000", .sourceUnreachable), ("NaN", .sourceUnreachable), ("+Inf", .sourceUnreachable),
            ("<html>", .sourceUnreachable), ("1,5", .sourceUnreachable), ("٣", .sourceUnreachable),
            (String(repeating: "1", count: 600), .sourceUnreachable),
        ] as [(String, PluginError.Kind)])
    func texts(body: String, kind: PluginError.Kind) async throws {
        let error = try await HTTPPlugin(client: FakeServer(body, type: "text/plain")).failure()
        #expect(error?.kind == kind, "\(String(describing: error))")
    }

    @Test("an OpenMetrics answer without metric in the config is an error that names the field")
    func openMetricsWithoutMetric() async throws {
        let client = FakeServer("a 1\n# EOF\n", type: "application/openmetrics-text; version=1.0.0")
        let error = try await HTTPPlugin(client: client).failure()
        #expect(error?.kind == .configInvalid && error?.path == "metric")
    }
}
