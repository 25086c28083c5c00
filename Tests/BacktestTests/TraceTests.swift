import Backtest
import Scaling
import Testing
import WireFormats

@Suite("Traces")
struct TraceTests {
    @Test("CSV: times of both kinds, gaps, failures, a column of replicas, comments and quotes")
    func csv() throws {
        let trace = try Trace(
            csv: """
                # recorded on Monday
                time,"requests",replicas,queue
                2026-03-02T00:00:15Z,120.5,3,7\r
                1772409600,,2,NaN

                2026-03-02T00:00:30Z,error,,8
                """)
        #expect(trace.metrics == ["requests", "queue"])
        #expect(
            trace.samples.map(\.cells) == [[.noData, .noData], [.value(120.5), .value(7)], [.failed, .value(8)]])
        #expect(trace.samples.map(\.replicas) == [2, 3, nil])
        #expect(trace.start.text == "2026-03-02T00:00:00Z")
        #expect(trace.step == .seconds(15))
    }

    @Test("JSON: the same")
    func json() throws {
        let trace = try Trace(
            json: [
                ["time": 1_772_409_600, "requests": nil, "replicas": 2],
                ["time": "2026-03-02T00:00:15Z", "requests": 120.5], ["time": 1_772_409_630.5, "requests": "error"],
            ])
        #expect(trace.metrics == ["requests"])
        #expect(trace.samples.map(\.cells) == [[.noData], [.value(120.5)], [.failed]])
        #expect(trace.samples.map(\.replicas) == [2, nil, nil])
    }

    @Test(
        "What is wrong is named with its line",
        arguments: [
            ("", "is empty"), ("when,requests\n1,2", "line 1: must be a header"),
            ("time,replicas\n", "line 1: must be"),
            ("time,a,a\n", "line 1: each column"), ("time,a\n1\n", "line 2: has 1 cells"),
            ("time,a\nnoon,1\n", "line 2: \"noon\" is no time"), ("time,a\n1,x\n", "line 2: \"x\" is no number"),
            ("time,a,replicas\n1,2,-1\n", "line 2: \"-1\" is no number of replicas"),
            ("time,a\n1,2\n", "has fewer than two samples"), ("time,a\n1,2\n1,3\n", "has two samples at one time"),
        ])
    func problems(csv: String, message: String) {
        do throws(TraceError) {
            _ = try Trace(csv: csv)
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error)")
        }
    }

    @Test(
        "What is wrong in JSON is named by its path",
        arguments: [
            ([:], "must be an array"), ([["requests": 1]], "[0].time: is required"),
            ([["time": 1, "requests": "x"]], "[0].requests: must be a number"),
            ([["time": 1], ["time": 2]], "names no metric"),
        ] as [(JSON, String)])
    func problems(json: JSON, message: String) {
        do throws(TraceError) {
            _ = try Trace(json: json)
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error)")
        }
    }
}
