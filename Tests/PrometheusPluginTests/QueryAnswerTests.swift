import HTTPTransport
import PluginSDK
import Testing

@testable import generalscaler_plugin_prometheus

/// The handling of responses, without a server.
@Suite struct QueryAnswerTests {
    /// Returns the reading or the error for a successful response with this data.
    private func judge(
        _ data: String, config: String = "", targetType: TargetType = .value, warnings: String = ""
    ) async throws -> Result<MetricReading, PluginError> {
        let body = #"{"status":"success","data":\#(data)\#(warnings)}"#
        let plugin = PrometheusPlugin(client: FakePrometheus(body), files: FakeFiles())
        do {
            return .success(try await plugin.value(config, targetType: targetType))
        } catch let error as PluginError {
            return .failure(error)
        }
    }

    @Test(
        "a scalar or a vector of one series is the value, observed at the evaluation time",
        arguments: [
            (#"{"resultType":"scalar","result":[1700000000.5,"42"]}"#, 42.0),
            (vector("42"), 42),
            (vector("-1.5e-7"), -1.5e-7),
            (vector("1.7976931348623157e+308"), 1.7976931348623157e+308),
            (vector("0"), 0),
        ] as [(String, Double)])
    func scalarVectorSeries(
        data: String, value: Double
    ) async throws {
        let reading = try await judge(data).get()
        #expect(reading.value == value)
        #expect(reading.observedAtMicroseconds == 1_700_000_000_500_000)
        #expect(reading.detail == nil)
    }

    @Test(
        "several series are combined by the aggregation, regardless of the target type",
        arguments: [("avg", 2.0), ("sum", 6), ("min", 1), ("max", 3)])
    func seriesCombinedAggregation(
        aggregation: String, value: Double
    ) async throws {
        for targetType in TargetType.allCases {
            let reading = try await judge(
                vector("1", "2", "3"), config: #""aggregation": "\#(aggregation)""#, targetType: targetType
            ).get()
            #expect(reading.value == value)
            #expect(reading.detail == nil)
        }
    }

    @Test("several series without aggregation are averaged for Value, with a note that counts them")
    func seriesAggregationAveraged() async throws {
        let reading = try await judge(vector("1", "2", "6")).get()
        #expect(reading.value == 3)
        #expect(reading.detail?.contains("average of 3 series") == true)
    }

    @Test("several series without aggregation are an error for AverageValue that names sum")
    func seriesAggregationError() async throws {
        let error = try #require(try await judge(vector("1", "2"), targetType: .averageValue).failure)
        #expect(error.kind == .configInvalid)
        #expect(error.message.contains("2 series") && error.message.contains("sum(...)"))
    }

    @Test("aggregation single accepts one series and refuses two")
    func aggregationSingleAccepts() async throws {
        #expect(try await judge(vector("5"), config: #""aggregation": "single""#).get().value == 5)
        let error = try await judge(vector("5", "6"), config: #""aggregation": "single""#).failure
        #expect(error?.kind == .configInvalid)
        #expect(error?.message.contains("2 series") == true)
    }

    @Test(
        "a result that is not a number is an invalid query",
        arguments: [
            (#"{"resultType":"matrix","result":[]}"#, "rate(...)"),
            (#"{"resultType":"string","result":[1700000000,"x"]}"#, "a string"),
            (#"{"resultType":"vector","result":[{"metric":{},"histogram":[1700000000,{}]}]}"#, "histogram_quantile"),
        ])
    func resultNumberInvalid(data: String, hint: String) async throws {
        let error = try #require(try await judge(data).failure)
        #expect(error.kind == .configInvalid)
        #expect(error.path == "query")
        #expect(error.message.contains(hint))
    }

    @Test(
        "a value that is not finite is no data, also in one of several series",
        arguments: [
            (vector("NaN"), "NaN"), (vector("+Inf"), "+Inf"), (vector("-Inf"), "-Inf"),
            (vector("1", "NaN", "2"), "1 of 3 series is NaN"),
            (#"{"resultType":"scalar","result":[1700000000,"NaN"]}"#, "NaN"),
        ] as [(String, String)])
    func valueFiniteData(
        data: String, hint: String
    ) async throws {
        for config in ["", #""aggregation": "max""#, #""onEmpty": "zero""#] {
            let error = try #require(try await judge(data, config: config).failure)
            #expect(error.kind == .noData)
            #expect(error.message.contains(hint))
        }
    }

    @Test("an empty result is no data")
    func emptyResultData() async throws {
        let error = try #require(try await judge(vector()).failure)
        #expect(error.kind == .noData)
        #expect(error.message.contains("onEmpty: zero"))
    }

    @Test("a null result is treated as an empty one")
    func nullResultTreated() async throws {
        let null = #"{"resultType":"vector","result":null}"#
        #expect(try await judge(null).failure?.kind == .noData)
        let reading = try await judge(null, config: #""onEmpty": "zero""#).get()
        #expect(reading.value == 0)
        #expect(reading.isAssumed)
    }

    @Test(
        "a partial result is reported as a warning, and is no data if the config says so",
        arguments: [
            #"{"status":"success","isPartial":true,"data":DATA,"stats":{"seriesFetched":"3"}}"#,
            #"{"status":"partial","data":DATA}"#,
            #"{"status":"success","isPartial":true,"warnings":null,"data":DATA}"#,
        ])
    func partialResultReported(body: String) async throws {
        let body = body.replacing("DATA", with: vector("40.5"))
        let reading = try await PrometheusPlugin(client: FakePrometheus(body)).value()
        #expect(reading.value == 40.5)
        #expect(reading.detail?.contains("Prometheus warns: the result is partial") == true)
        let error = try await PrometheusPlugin(client: FakePrometheus(body)).failure(#""failOnWarnings": true"#)
        #expect(error?.kind == .noData)
        #expect(error?.message.contains("the result is partial") == true)
    }

    @Test(
        "an empty partial result is no data, even if an empty result is configured as 0",
        arguments: [
            #"{"status":"success","isPartial":true,"data":DATA}"#, #"{"status":"partial","data":DATA}"#,
            #"{"status":"success","warnings":["no store matched"],"data":DATA}"#,
        ], [#""onEmpty": "zero""#, #""failOnWarnings": true, "onEmpty": "zero""#])
    func emptyPartialResult(
        body: String, config: String
    ) async throws {
        for empty in [vector(), #"{"resultType":"vector","result":null}"#] {
            let body = body.replacing("DATA", with: empty)
            #expect(try await PrometheusPlugin(client: FakePrometheus(body)).failure(config)?.kind == .noData)
        }
    }

    @Test("a result that is marked as not partial has no warning")
    func resultMarkedPartial() async throws {
        let body = #"{"status":"success","isPartial":false,"data":\#(vector("1"))}"#
        let reading = try await PrometheusPlugin(client: FakePrometheus(body)).value(#""failOnWarnings": true"#)
        #expect(reading.value == 1)
        #expect(reading.detail == nil)
    }

    @Test("a status that is neither success nor error gives no value")
    func statusNeitherSuccess() async throws {
        let body = #"{"status":"fail","data":\#(vector("1"))}"#
        let error = try await PrometheusPlugin(client: FakePrometheus(body)).failure()
        #expect(error?.kind == .sourceUnreachable)
        #expect(error?.message.contains("neither success nor error") == true)
    }

    @Test("an empty result is an assumed 0 with a warning if the config sets that")
    func emptyResultAssumed() async throws {
        let reading = try await judge(vector(), config: #""onEmpty": "zero""#).get()
        #expect(reading.value == 0)
        #expect(reading.isAssumed)
        #expect(reading.detail?.contains("empty result") == true)
    }

    @Test("warnings are reported, and mean no data if the config sets that")
    func warningsReportedMean() async throws {
        let warnings = #","warnings":["a","b","c","d","e"]"#
        let reading = try await judge(vector("1"), warnings: warnings).get()
        #expect(reading.detail == "Prometheus warns: a; b; c; and 2 more")
        let error = try await judge(vector("1"), config: #""failOnWarnings": true"#, warnings: warnings).failure
        #expect(error?.kind == .noData)
        #expect(error?.message.contains("a; b; c") == true)
        #expect(try await judge(vector("1"), config: #""failOnWarnings": true"#).get().value == 1)
    }

    @Test(
        "an answer of another shape is an error of the source and not a value",
        arguments: [
            "null", "[]", "{}", #"{"resultType":"vector"}"#, #"{"resultType":"vector","result":[{"metric":{}}]}"#,
            #"{"resultType":"scalar","result":[1700000000]}"#, #"{"resultType":"scalar","result":["x","1"]}"#,
            #"{"resultType":"scalar","result":[1e300,"1"]}"#, #"{"resultType":"scalar","result":[1,"one"]}"#,
            #"{"resultType":"tensor","result":[]}"#, #"{"resultType":"scalar","result":null}"#,
        ])
    func answerShapeError(data: String) async throws {
        let error = try #require(try await judge(data).failure)
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("Check that address"))
    }
}

extension Result where Failure == PluginError {
    var failure: PluginError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}

private func vector(_ values: String...) -> String {
    let series = values.map { #"{"metric":{},"value":[1700000000.5,"\#($0)"]}"# }
    return #"{"resultType":"vector","result":[\#(series.joined(separator: ","))]}"#
}
