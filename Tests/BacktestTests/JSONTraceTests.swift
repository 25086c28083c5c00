import Scaling
import Testing
import WireFormats

@testable import Backtest

@Suite("Traces in JSON")
struct JSONTraceTests {
    @Test("a JSON trace may have times of both kinds, numbers as strings, gaps, failures and replicas")
    func json() throws {
        let trace = try Trace(
            json: [
                ["time": 1_772_409_600, "requests": nil, "replicas": 2],
                ["time": "2026-03-02T00:00:15Z", "requests": "120.5", "replicas": "3"],
                ["time": 1_772_409_630_500, "requests": "error"], ["time": "1772409645", "requests": "NaN"],
            ])
        #expect(trace.metrics == ["requests"])
        #expect(trace.samples.map(\.cells) == [[.noData], [.value(120.5)], [.failed], [.noData]])
        #expect(trace.samples.map(\.replicas) == [2, 3, nil, nil])
        #expect(trace.samples[2].time == start + .milliseconds(30_500))
    }

    @Test("the time of a JSON trace may have another name, and no zone if one is given")
    func timeNames() throws {
        let rows: JSON = [["Time": "2026-03-02 01:00:00", "a": 1], ["Time": "2026-03-02 01:00:15", "a": 2]]
        #expect(try Trace(json: rows, zone: TraceZone(offset: "+01:00")).start == start)
        let error = #expect(throws: TraceError.self) { try Trace(json: rows) }
        #expect(error?.description.hasPrefix("[0].Time: \"2026-03-02 01:00:00\" has no time zone") == true)
    }

    @Test(
        "a malformed JSON trace is reported with the path",
        arguments: [
            ([:], "must be an array"), ([], "is empty"), ([["requests": 1]], "[0].time: is required"),
            ([["time": 1, "requests": "x"]], "[0].requests: must be a number"),
            ([["time": 1, "requests": "1,5"]], "[0].requests: must be a number"),
            ([["time": 1, "requests": true]], "[0].requests: must be a number"),
            ([["time": 1, "a": 1], ["a": 2]], "[1].time: is required"),
            ([["date": 1, "timestamp": 1, "a": 2]], "[0]: has several times: date, timestamp"),
            ([["time": 1], ["time": 2]], "names no metric"),
        ] as [(JSON, String)])
    func problems(json: JSON, message: String) {
        let error = #expect(throws: TraceError.self) { try Trace(json: json) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(
        "a trace is read as JSON by its first character or by its option, and an error has its place",
        arguments: ["\u{FEFF}", "", " \r\n\t"])
    func files(prefix: String) throws {
        let text = prefix + #"[{"time":1772409600,"requests":1},{"time":1772409615,"requests":null}]"#
        #expect(try Trace(bytes: Array(text.utf8)).samples.flatMap(\.cells) == [.value(1), .noData])
        let error = #expect(throws: TraceError.self) {
            try Trace(bytes: Array((prefix + "time,a").utf8), isJSON: true)
        }
        #expect(error?.description.hasPrefix("is not JSON: line ") == true)
        let second = #expect(throws: TraceError.self) { try Trace(bytes: Array("[\n {\"time\": 1,}]".utf8)) }
        #expect(
            second?.description.hasPrefix("is not JSON: line 2, column 13: ") == true, "\(second?.description ?? "")")
    }
}

@Suite("Prometheus answers as traces")
struct PrometheusMatrixTests {
    private static let values: JSON = [
        [1_772_409_600, "1"], [1_772_409_615.5, "2.5"], [1_772_409_631, "+Inf"], [1_772_409_646, 4],
    ]

    private static func matrix(_ series: JSON...) -> JSON { ["resultType": "matrix", "result": .array(series)] }

    @Test(
        "a Prometheus answer is read from the whole answer, its data or its series, with strings and numbers",
        arguments: [
            ["status": "success", "data": matrix(["metric": [:], "values": values])],
            matrix(["metric": ["__name__": "up"], "values": values]), [["metric": ["pod": "a"], "values": values]],
        ] as [JSON])
    func shapes(json: JSON) throws {
        let trace = try Trace(json: json)
        #expect(trace.samples.flatMap(\.cells) == [.value(1), .value(2.5), .noData, .value(4)])
        #expect(trace.samples.map { $0.time - start } == [.zero, .milliseconds(15_500), .seconds(31), .seconds(46)])
    }

    @Test("each series is a column with the name of its metric, or with its labels if the name is not unique")
    func names() throws {
        let series: [(labels: JSON, name: String)] = [
            (["__name__": "up", "pod": "a\"b"], #"up{pod="a\"b"}"#), (["__name__": "up", "pod": "c"], #"up{pod="c"}"#),
            (["__name__": "load", "pod": "a"], "load"), ([:], "{}"),
        ]
        let json = JSON.object([
            "resultType": "matrix",
            "result": .array(
                series.enumerated().map { index, one in
                    ["metric": one.labels, "values": [[.integer(Int64(index)), "1"], [5, "2"]]]
                }),
        ])
        let trace = try Trace(json: json)
        #expect(trace.metrics == series.map(\.name))
        // A series without a value at a time has no data at that time.
        #expect(trace.samples.first?.cells == [.value(1), .noData, .noData, .noData])
        #expect(trace.samples.last?.cells == [.value(2), .value(2), .value(2), .value(2)])
    }

    @Test("warnings and partial results of a Prometheus answer are reported")
    func notes() throws {
        let data = Self.matrix(["metric": [:], "values": Self.values])
        let trace = try Trace(json: [
            "status": "success", "data": data, "warnings": ["a store is down"], "isPartial": true,
        ])
        #expect(trace.notes == ["Prometheus warned: a store is down", "The response of the server was partial."])
    }

    @Test(
        "a Prometheus answer other than a range of numbers is refused with the cause",
        arguments: [
            (["status": "error", "error": "parse error"], "is an answer of Prometheus without data: parse error"),
            (["data": ["resultType": "vector", "result": []]], "data: is the answer to an instant query (vector)"),
            (matrix(["metric": [:], "histograms": []]), "result[0]: has histograms"),
            (matrix(["metric": [:], "values": [[1]]]), "result[0].values[0]: must be a time and a value"),
            (matrix(["metric": [:], "values": [["x", "1"]]]), "result[0].values[0]: must be a time and a value"),
            (matrix(["metric": [:], "values": [[1, "x"]]]), "result[0].values[0][1]: must be a number"),
            (matrix(["metric": [:], "values": [[1, "1"], [1, "2"]]]), "result[0].values[1]: is a second value"),
            (
                matrix(["metric": ["a": "b"], "values": [[1, "1"]]], ["metric": ["a": "b"], "values": [[2, "1"]]]),
                "result[1]: has the same labels"
            ), (matrix(), "has fewer than two samples"),
            (["resultType": "matrix", "result": nil], "has fewer than two"),
        ] as [(JSON, String)])
    func refused(json: JSON, message: String) {
        let error = #expect(throws: TraceError.self) { try Trace(json: json) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}
