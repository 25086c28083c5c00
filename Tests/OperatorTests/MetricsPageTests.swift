import PluginHost
import Scaling
import Testing

@testable import Operator

@Suite("The metrics page")
struct MetricsPageTests {
    private func page(_ scalers: [ScalerSnapshot]) -> [Substring] {
        let counters = OperatorMetrics()
        counters.apiRequest(verb: "list", code: 200)
        counters.apiRequest(verb: "list", code: 200)
        counters.apiRequest(verb: "patch", code: nil)
        counters.pollFinished(after: .milliseconds(3))
        return MetricsPage(version: "1.2", scalers: scalers, plugins: [], counters: counters).text.split(
            separator: "\n")
    }

    @Test("every sample belongs to a family that was declared with help and type, each once")
    func families() {
        let lines = page([])
        let declared = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
        #expect(Set(declared).count == declared.count)
        #expect(lines.count { $0.hasPrefix("# HELP ") } == declared.count)
        for sample in lines where !sample.hasPrefix("#") {
            let name = String(sample.prefix { $0 != "{" && $0 != " " })
            let family = ["_bucket", "_sum", "_count"].reduce(name) {
                $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0
            }
            #expect(declared.contains(family) || declared.contains(name), "\(name)")
        }
    }

    @Test("counters count, by verb and code")
    func counters() {
        let lines = page([])
        #expect(lines.contains(#"generalscaler_api_requests_total{verb="list",code="200"} 2"#))
        #expect(lines.contains(#"generalscaler_api_requests_total{verb="patch",code="none"} 1"#))
        #expect(lines.contains(#"generalscaler_poll_duration_seconds_bucket{le="0.0025"} 0"#))
        #expect(lines.contains(#"generalscaler_poll_duration_seconds_bucket{le="0.005"} 1"#))
    }

    @Test("a scaler shows its last decision; a metric without a value shows none; names are escaped")
    func scaler() {
        let decision = Decision(
            time: Timestamp(microsecondsSince1970: 0), current: 2, ready: 2, recommended: 5, desired: 4,
            metrics: [
                MetricRecord(
                    name: "a\"b", observation: .value(1.5, observedAt: Timestamp(microsecondsSince1970: 0)), target: 1,
                    targetType: .value),
                MetricRecord(name: "gone", observation: .noData("empty"), target: 1, targetType: .value),
            ],
            limitedBy: [.scaleUpRate])
        let lines = page([
            ScalerSnapshot(
                identity: ObjectIdentity(namespace: "shop", name: "web", uid: "1"), decision: decision, conditions: [])
        ])
        let labels = #"namespace="shop",name="web""#
        #expect(lines.contains("generalscaler_scaler_desired_replicas{\(labels)} 4"))
        #expect(lines.contains(#"generalscaler_metric_value{\#(labels),metric="a\"b"} 1.5"#))
        #expect(!lines.contains { $0.hasPrefix("generalscaler_metric_value") && $0.contains("gone") })
        #expect(lines.contains(#"generalscaler_scaler_limited{\#(labels),cause="ScaleUpRate"} 1"#))
    }

    @Test(
        "an address to listen on is read in each of its forms",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8_080), ("[::1]:0", "::1", 0), (":9", "0.0.0.0", 9), ("8080", nil, 0),
            ("host:65536", nil, 0), ("host:", nil, 0),
        ])
    func listenAddress(text: String, host: String?, port: Int) {
        #expect(ListenAddress(text) == host.map { ListenAddress(host: $0, port: port) })
    }
}
