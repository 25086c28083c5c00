import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI
@testable import Scaling

@Suite("The metrics page")
struct MetricsPageTests {
    private func page(
        _ scalers: [ScalerSnapshot] = [], _ format: MetricsText.Format = .prometheus,
        process: ProcessUsage = Self.process, isDefinitionMissing: Bool = false
    ) -> String {
        let counters = OperatorCounters()
        counters.apiRequest(verb: "list", code: 200)
        counters.apiRequest(verb: "list", code: 200)
        counters.apiRequest(verb: "patch", code: nil)
        counters.pollFinished(after: .milliseconds(3))
        counters.blocked(.targetNotFound)
        counters.sourceAnswered(type: "redis", after: .milliseconds(30), failure: nil)
        counters.sourceAnswered(type: "redis", after: .seconds(60), failure: "deadline_exceeded")
        counters.countWebhook {
            $0.reviewed(.allowed, after: .milliseconds(20))
            $0.reviewed(.denied, after: .milliseconds(70))
            $0.certificateKept(until: 1_800_000_000)
            $0.certificateFailed()
        }
        counters.pushed(type: "redis", isOfUse: true)
        let plugin = PluginHealth(
            name: "redis", version: "1", state: .up, restarts: 0, swaps: 0, inFlight: 0, waiting: 0,
            counters: PluginCounters(), latency: PluginLatency(p50: .milliseconds(1), p99: .milliseconds(9)))
        return MetricsPage(
            version: "1.2", lease: "shop/generalscaler", isDefinitionMissing: isDefinitionMissing, process: process,
            controller: ControllerSnapshot(
                scalers: scalers,
                budgets: [BudgetSnapshot(name: "team-shop", unit: "cost", limit: 40.5, used: 39.9, denied: 3)],
                leads: true, queueDepth: 3),
            plugins: [plugin], counters: counters
        ).text(format)
    }

    private static let process = ProcessUsage(
        cpuSeconds: 12.37, residentBytes: 40_001_536, virtualBytes: 1_234_567_168, openDescriptors: 37,
        maxDescriptors: 1_048_576, startTime: 1_790_000_123.41)

    private func lines(_ scalers: [ScalerSnapshot] = []) -> [Substring] { page(scalers).split(separator: "\n") }

    private func scaler(
        _ name: String = "web", bounds: ClosedRange<Int>? = 2...17, limitedBy causes: [Cause] = [.scaleUpRate],
        isBlocked: Bool = false
    ) -> ScalerSnapshot {
        let epoch = Timestamp(microsecondsSince1970: 0)
        var decision = Decision(
            time: epoch, current: 2, ready: 2, recommended: 5, desired: 4,
            metrics: [
                MetricRecord(
                    name: Self.oddName, observation: .value(1.5, observedAt: epoch), target: 1, targetType: .value),
                MetricRecord(name: "gone", observation: .noData("empty"), target: 1, targetType: .value),
            ],
            limitedBy: causes)
        decision.forecasts = [
            ForecastRecord(
                LoadForecast(
                    load: 1.5, expected: 1.75, upper: 2.25, horizon: .seconds(300), pattern: .weekly, skill: 0.82,
                    verdict: .open),
                of: MetricSpec(name: Self.oddName, target: 1, targetType: .value), headroom: 1.1, mode: .active)
        ]
        return ScalerSnapshot(
            identity: ObjectIdentity(namespace: "shop", name: name, uid: name),
            bounds: bounds,
            decision: decision,
            isBlocked: isBlocked, conditions: [], errors: [.scaleFailed: 2],
            forecastInactiveSince: Timestamp(microsecondsSince1970: 1_790_000_123_000_000))
    }

    /// In Swift, a carriage return and a line feed form one character.
    private static let oddName = "a\"b\\c\nd\r\ne\r"
    private static let oddLabel = #"metric="a\"b\\c\nd"# + "\r" + #"\ne"# + "\r\""

    @Test(
        "the metrics page has every family of the reference table and no other, each declared once",
        arguments: [true, false])
    func families(openMetrics: Bool) {
        let lines = page([scaler()], openMetrics ? .openMetrics : .prometheus).split(separator: "\n")
        let declared = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
        #expect(lines.count { $0.hasPrefix("# HELP ") } == declared.count)
        let known = MetricFamily.all.map { family in
            openMetrics && family.kind == .counter ? String(family.name.dropLast("_total".count)) : family.name
        }
        #expect(declared.sorted() == known.sorted())
        var sampled: Set<MetricFamily> = []
        for sample in lines where !sample.hasPrefix("#") {
            let name = sample.prefix { $0 != "{" && $0 != " " }
            let family = MetricFamily.all.first { family in
                ["", "_bucket", "_sum", "_count"].contains { family.name + $0 == name }
            }
            if let family { sampled.insert(family) } else { Issue.record("\(name) is in no family") }
        }
        #expect(sampled == Set(MetricFamily.all))
        #expect(openMetrics == (lines.last == "# EOF"))
    }

    @Test("promtool finds no problem in the metrics page")
    func promtool() async throws {
        let result = try await Subprocess.run(
            .name("promtool"), arguments: ["check", "metrics"], input: .string(page([scaler(), scaler("api")])),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        #expect(result.terminationStatus.isSuccess)
        #expect(result.standardError == "")
        #expect(result.standardOutput == "")
    }

    @Test("the OpenMetrics parser of Prometheus reads the metrics page, including escapes")
    func openMetrics() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let script = """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
            families = {f.name: f for f in text_string_to_metric_families(sys.stdin.buffer.read().decode())}
            print([s.labels["metric"] for s in families["generalscaler_metric_value"].samples])
            print(len(families))
            """
        let result = try await Subprocess.run(
            .path(FilePath(root.appending(path: ".build/python/bin/python").path)), arguments: ["-c", script],
            input: .string(page([scaler()], .openMetrics)),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        #expect(result.standardError == "")
        #expect(
            result.standardOutput == "['a\"b\\\\c\\nd\\r\\ne\\r']\n\(MetricFamily.all.count)\n")
    }

    @Test("clients that accept OpenMetrics get it, and others get the Prometheus text format")
    func negotiation() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*"
        #expect(MetricsText.Format(accept: prometheus) == .openMetrics)
        #expect(MetricsText.Format(accept: "text/plain") == .prometheus)
        #expect(MetricsText.Format(accept: nil) == .prometheus)
    }

    @Test("the reference page of metrics shows every metric as the code defines it")
    func reference() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/reference/metrics.md"), encoding: .utf8)
        for families in [
            MetricFamily.ofOperator, MetricFamily.ofProcess, MetricFamily.ofWebhook, MetricFamily.ofPlugins,
            MetricFamily.ofScalers,
        ] {
            let rows = families.map { family in
                let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
                return "| `\(family.name)` | \(family.kind.rawValue) | \(labels) | \(family.help) |\n"
            }
            let table = "| metric | type | labels | meaning |\n|---|---|---|---|\n" + rows.joined()
            #expect(page.contains("\n\n" + table), "replace the table in docs/reference/metrics.md by:\n\(table)")
        }
        #expect(page.contains("\(MetricsPage.maxScalers)"))
        #expect(page.contains("\(OperatorCounters.maxTypes) metric types"))
    }

    @Test("the number of series is bounded: further scalers are only counted, and further metric types are combined")
    func bounds() {
        let scalers = (0..<MetricsPage.maxScalers + 5).map { number in
            ScalerSnapshot(
                identity: ObjectIdentity(namespace: "shop", name: "scaler-\(number)", uid: ""), bounds: 1...7,
                decision: nil, isBlocked: false, conditions: [], errors: [:])
        }
        let lines = lines(scalers)
        for family in ["scaler_ready", "min_replicas", "max_replicas"] {
            #expect(lines.count { $0.hasPrefix("generalscaler_\(family){") } == MetricsPage.maxScalers)
        }
        #expect(lines.contains("generalscaler_hidden_scalers 5"))
        #expect(lines.contains("generalscaler_scalers \(MetricsPage.maxScalers + 5)"))

        let counters = OperatorCounters()
        for number in 0..<OperatorCounters.maxTypes + 5 {
            counters.sourceAnswered(type: "type-\(number)", after: .seconds(1), failure: "busy")
        }
        var text = MetricsText(.prometheus)
        counters.write(into: &text)
        let types = text.text.split(separator: "\n").filter { $0.hasPrefix("generalscaler_source_errors_total{") }
        #expect(types.count == OperatorCounters.maxTypes + 1)
        #expect(types.contains(#"generalscaler_source_errors_total{type="other",reason="busy"} 5"#))
    }

    @Test("the counters of API requests, polls and sources are shown with their labels")
    func counters() {
        let lines = lines()
        #expect(lines.contains(#"generalscaler_api_requests_total{verb="list",code="200"} 2"#))
        #expect(lines.contains(#"generalscaler_api_requests_total{verb="patch",code="none"} 1"#))
        #expect(lines.contains(#"generalscaler_poll_duration_seconds_bucket{le="0.0025"} 0"#))
        #expect(lines.contains(#"generalscaler_poll_duration_seconds_bucket{le="0.005"} 1"#))
        #expect(lines.contains(#"generalscaler_source_duration_seconds_bucket{type="redis",le="0.05"} 1"#))
        #expect(lines.contains(#"generalscaler_source_duration_seconds_count{type="redis"} 2"#))
        #expect(lines.contains(#"generalscaler_source_errors_total{type="redis",reason="deadline_exceeded"} 1"#))
        #expect(lines.contains(#"generalscaler_leader{lease="shop/generalscaler"} 1"#))
        #expect(lines.contains("generalscaler_queue_depth 3"))
        #expect(lines.contains(#"generalscaler_plugin_state{plugin="redis",state="up"} 1"#))
    }

    @Test("the metrics page shows the webhook's verdicts and latency and the expiry of its certificate")
    func webhook() {
        let lines = lines()
        #expect(lines.contains(#"generalscaler_webhook_reviews_total{verdict="denied"} 1"#))
        #expect(lines.contains(#"generalscaler_webhook_reviews_total{verdict="failed"} 0"#))
        #expect(lines.contains(#"generalscaler_webhook_review_duration_seconds_bucket{le="0.025"} 1"#))
        #expect(lines.contains("generalscaler_webhook_review_duration_seconds_count 2"))
        #expect(lines.contains("generalscaler_webhook_certificate_expiry_timestamp_seconds 1800000000"))
        #expect(lines.contains("generalscaler_webhook_certificate_errors_total 1"))
    }

    @Test("the metrics page shows a scaler's last decision, omits a metric without a value and escapes names")
    func scalerSeries() {
        let lines = lines([scaler()])
        let labels = #"namespace="shop",name="web""#
        #expect(lines.contains("generalscaler_scaler_desired_replicas{\(labels)} 4"))
        #expect(lines.contains("generalscaler_metric_value{\(labels),\(Self.oddLabel)} 1.5"))
        #expect(!lines.contains { $0.hasPrefix("generalscaler_metric_value") && $0.contains("gone") })
        #expect(lines.contains(#"generalscaler_metric_up{\#(labels),metric="gone"} 0"#))
        #expect(lines.contains(#"generalscaler_scaler_limited{\#(labels),cause="ScaleUpRate"} 1"#))
        #expect(lines.contains(#"generalscaler_scaler_errors_total{\#(labels),reason="ScaleFailed"} 2"#))
    }

    @Test("the metrics page shows the replicas that a scaler's spec allows, and none for an invalid spec")
    func replicaBounds() {
        let labels = #"namespace="shop",name="web""#
        let lines = lines([scaler()])
        #expect(lines.contains("generalscaler_min_replicas{\(labels)} 2"))
        #expect(lines.contains("generalscaler_max_replicas{\(labels)} 17"))
        let invalid = self.lines([scaler(bounds: nil)])
        #expect(!invalid.contains { $0.hasPrefix("generalscaler_min_") || $0.hasPrefix("generalscaler_max_") })
    }

    @Test("the metrics page shows no limits of an earlier decision for a scaler that cannot decide")
    func blocked() {
        let lines = lines([scaler(limitedBy: [.noData], isBlocked: true)])
        #expect(!lines.contains { $0.hasPrefix("generalscaler_scaler_limited{") })
        #expect(lines.contains(#"generalscaler_scaler_desired_replicas{namespace="shop",name="web"} 4"#))
    }

    @Test("the process metrics have the standard names, and an unknown value is absent and not 0")
    func process() {
        let known = lines()
        for line in [
            "process_cpu_seconds_total 12.37", "process_resident_memory_bytes 40001536",
            "process_virtual_memory_bytes 1234567168", "process_open_fds 37", "process_max_fds 1048576",
            "process_start_time_seconds 1790000123.41",
        ] { #expect(known.contains { $0 == line }, "\(line)") }
        let unknown = page(process: ProcessUsage()).split(separator: "\n")
        #expect(!unknown.contains { $0.hasPrefix("process_") })
    }

    @Test("a missing CustomResourceDefinition is shown on the metrics page")
    func definition() {
        #expect(lines().contains("generalscaler_crd_missing 0"))
        #expect(page(isDefinitionMissing: true).contains("\ngeneralscaler_crd_missing 1\n"))
    }

    @Test(
        "an address to listen on is parsed in each of its forms",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8_080), ("[::1]:0", "::1", 0), (":9", "0.0.0.0", 9), ("8080", nil, 0),
            ("host:65536", nil, 0), ("host:", nil, 0),
        ])
    func listenAddress(text: String, host: String?, port: Int) {
        #expect(ListenAddress(text) == host.map { ListenAddress(host: $0, port: port) })
    }
}
