import PluginSDK
import Testing

@testable import generalscaler_plugin_http

@Suite("Prometheus answers of an HTTP source")
struct ExpositionTests {
    private static let body = """
        # HELP jobs Jobs by queue.\\nAnd state.
        # TYPE jobs gauge
        jobs{queue="mail",state="ready"} 3
        jobs{queue="mail",state="busy",} 1.5e1 1796001825000
        jobs { queue = "or\\"d\\\\e\\nrs" , state = "ready" }	4 1796001824999

        # a comment
        #TYPE another
        idle_ratio NaN
        limit +Inf
        {"queue.depth", host="a"} 9
        jobs_total 100
        no_newline 7
        """

    private func plugin() -> HTTPPlugin {
        HTTPPlugin(client: FakeServer(Self.body, type: "text/plain; version=0.0.4"))
    }

    @Test(
        "a metric's name and matchers select the same series as PromQL",
        arguments: [
            (#"jobs{queue=\"mail\",state=\"ready\"}"#, nil, 3), (#"jobs{state=\"busy\"}"#, nil, 15),
            (#"jobs"#, "sum", 22), (#"jobs{queue!=\"mail\"}"#, nil, 4), (#"jobs{queue=~\"m.*l\"}"#, "max", 15),
            (#"jobs{queue=~\"m\"}"#, "count", 0), (#"jobs{queue!~\"mail|x\"}"#, nil, 4),
            (#"jobs{absent=\"\"}"#, "count", 3), (#"jobs{queue=\"or\\\"d\\\\e\\nrs\"}"#, nil, 4),
            (#"{\"queue.depth\"}"#, nil, 9), (#"{\"queue.depth\", host=\"a\",}"#, nil, 9),
            (#" jobs_total "#, nil, 100), (#"no_newline{}"#, nil, 7), ("limit", "count", 1),
        ] as [(String, String?, Double)])
    func values(metric: String, aggregation: String?, value: Double) async throws {
        let extra = aggregation.map { #", "aggregation": "\#($0)""# } ?? ""
        #expect(try await plugin().value(#""metric": "\#(metric)"\#(extra)"#).value == value)
    }

    @Test(
        "a selection without a series, of several series or of a non-finite value is an error of its kind",
        arguments: [
            ("absent", nil, .noData, "does not have the metric"), ("absent", "count", .noData, "does not have"),
            (#"jobs{queue=\"x\"}"#, "sum", .noData, "no series of it matches"),
            ("jobs", nil, .configInvalid, "matches 3 series"), ("idle_ratio", nil, .sourceUnreachable, "nan"),
            ("limit", "sum", .sourceUnreachable, "inf"),
        ] as [(String, String?, PluginError.Kind, String)])
    func failures(metric: String, aggregation: String?, kind: PluginError.Kind, hint: String) async throws {
        let extra = aggregation.map { #", "aggregation": "\#($0)""# } ?? ""
        let error = try await plugin().failure(#""metric": "\#(metric)"\#(extra)"#)
        #expect(error?.kind == kind)
        #expect(error?.message.contains(hint) == true, "\(String(describing: error))")
    }

    @Test("a reading has the time of its oldest sample, but never a time in the future")
    func times() async throws {
        let both = try await plugin().value(#""metric": "jobs", "aggregation": "sum""#)
        #expect(both.observedAtMicroseconds == 1_796_001_824_999_000)
        let none = try await plugin().value(#""metric": "jobs_total""#)
        #expect(none.observedAtMicroseconds == HTTPPlugin.now)
        let future = HTTPPlugin(client: FakeServer("a 1 1896001825000", type: "text/plain"))
        #expect(try await future.value(#""metric": "a""#).observedAtMicroseconds == HTTPPlugin.now)
        let seconds = HTTPPlugin(
            client: FakeServer("a 1 1796001820.123457\n# EOF", type: "application/openmetrics-text"))
        #expect(try await seconds.value(#""metric": "a""#).observedAtMicroseconds == 1_796_001_820_123_457)
    }

    @Test("a series that occurs twice is an error because its sum would be wrong")
    func twice() async throws {
        let client = FakeServer("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n", type: "text/plain")
        let error = try await HTTPPlugin(client: client).failure(#""metric": "a", "aggregation": "sum""#)
        #expect(error?.kind == .sourceUnreachable)
        #expect(error?.message.contains("line 2") == true)
    }

    @Test(
        "a malformed selector is rejected",
        arguments: [
            "", " ", "1a", "a{", "a}", "a{b}", "a{b=}", "a{b='c'}", "a{b=\"c}", "a{b==\"c\"}", "a{b=\"c\" d=\"e\"}",
            "a{b=~\"(\"}", "a{b=~\"\\\\d\"}", "a{\"b\"}", "{b=\"c\"}", "{\"\"}", "a b", "a{b=\"\\x\"}", "a[5m]",
        ])
    func selectors(_ selector: String) {
        #expect(throws: ConfigFault.self) { try SeriesSelector(parsing: selector) }
    }
}
