import Backtest
import Scaling
import Testing
import WireFormats

@Suite("The HTML report")
struct HTMLReportTests {
    private func page(_ name: String) throws -> (text: String, data: JSON) {
        let backtest = try Backtest(
            spec: .requests(), trace: trace([100, 300, 300, nil, 100]),
            workload: Workload(startupDelay: .zero, initialReplicas: 1))
        var recording = ReportRecording(name: name, backtest: backtest)
        let summary = backtest.run { recording.add($0) }
        let text = String(
            decoding: HTMLReport.page(title: "a report", runs: [(recording, summary), (recording, summary)]),
            as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("const report = ") })
        return (text, try JSON(parsing: String(line.dropFirst("const report = ".count).dropLast())))
    }

    @Test("the HTML report contains every scaling event with its reason, and the data of the charts")
    func data() throws {
        let run = try #require(try page("one").data["runs"]?[1])
        #expect(run["metrics"]?[0]?["values"] == [100, 300, 100, nil, 33.33])
        #expect(run["replicas"] == [[0, 1, 1], [2, 3, 3]])
        let steps = run["decisions"]?.arrayValue?.filter { $0[1] != $0[2] }
        #expect(steps?.count == 2)
        #expect(steps?.first?[3]?.stringValue?.hasPrefix("Scale from 1 to 3: requests is 300") == true)
        #expect(run["outages"] == [[1, 2]])
        #expect(run["gaps"] == [[3, 4]])
        #expect(run["metrics"]?[0]?["gaps"] == [[3, 4]])
        #expect(run["startupDelay"] == 0)
        #expect(run["metrics"]?[0]?["capacity"]?.doubleValue?.rounded() == 110)
        #expect(run["summary"]?["scalingEvents"] == 2)
    }

    @Test("the HTML report has the forecasts of a metric at the polls that they were made at")
    func forecasts() throws {
        var spec = ScalingSpec.requests(.averageValue)
        spec.pollingInterval = .seconds(60)
        spec.metrics[0].maxAge = .seconds(301)
        spec.forecast = ForecastSpec(mode: .report, horizon: .seconds(423))
        let backtest = try Backtest(spec: spec, trace: trace([103, 307, nil, 211, 211], every: 300))
        var recording = ReportRecording(name: "one", backtest: backtest)
        let summary = backtest.run { recording.add($0) }
        let page = String(
            decoding: HTMLReport.page(title: "a report", runs: [(recording, summary)]), as: UTF8.self)
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("const report = ") })
        let data = try JSON(parsing: String(line.dropFirst("const report = ".count).dropLast()))
        let metric = try #require(data["runs"]?[0]?["metrics"]?[0])
        let (low, high) = (metric["forecast"]?["low"]?.arrayValue ?? [], metric["forecast"]?["high"]?.arrayValue ?? [])
        #expect(metric["forecast"]?["horizon"] == 423)
        #expect(low.count == metric["values"]?.arrayValue?.count && high.count == low.count)
        // The first five minutes have nothing to forecast from, and a poll without a reading forecasts nothing.
        #expect(high.indices.filter { high[$0].isNull } == Array(0..<5) + Array(10..<15))
        for (low, high) in zip(low, high) where !high.isNull {
            #expect(try #require(low.doubleValue) <= #require(high.doubleValue))
        }
    }

    @Test("the HTML report is self-contained: it loads no address, file or module")
    func isSelfContained() throws {
        let text = try page("one").text
        for word in ["http://", "https://", " src=", "<link", "@import", "import(", "fetch(", "url(//"] {
            // The SVG namespace is a name, not an address to load.
            #expect(!text.replacing("http://www.w3.org/2000/svg", with: "").contains(word), "\(word)")
        }
    }

    @Test("a scaler's name cannot end the script that contains it")
    func hostileName() throws {
        let page = try page("</script><script>alert(1)</script>")
        #expect(page.text.components(separatedBy: "</script>") == 2)
        #expect(page.data["runs"]?[0]?["name"] == "</script><script>alert(1)</script>")
    }
}

extension String {
    /// Returns the number of parts between separators.
    fileprivate func components(separatedBy separator: String) -> Int { split(separator: separator).count }
}
