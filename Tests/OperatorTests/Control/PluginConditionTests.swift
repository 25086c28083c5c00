import Scaling
import Testing

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI

@Suite("The condition of a scaler's plugins")
struct PluginConditionTests {
    private func health(_ name: String, _ lastFailure: String?) -> PluginHealth {
        PluginHealth(
            name: name, version: nil, state: .broken, processID: nil, restarts: 5, swaps: 0, inFlight: 0, waiting: 0,
            counters: PluginCounters(), latency: PluginLatency(p50: .milliseconds(2), p99: .milliseconds(30)),
            lastFailure: lastFailure)
    }

    @Test("condition PluginsHealthy is True if every plugin is up")
    func healthy() {
        let condition = Condition.plugins(unhealthy: [])
        #expect(condition.kind == .pluginsHealthy && condition.status == .true)
    }

    @Test("condition PluginsHealthy is False with the name and reason of a plugin that is down")
    func unhealthy() {
        let condition = Condition.plugins(unhealthy: [health("a", "it exited with code 1"), health("b", nil)])
        #expect(condition.status == .false)
        #expect(condition.reason == "PluginDown")
        #expect(condition.message == "Not up: a, b: it exited with code 1")
    }

    @Test("a scaler's status changes with the condition PluginsHealthy even if the decision is the same")
    func change() {
        let verdict = ScalerVerdict.blocked(Blocker(.pluginUnavailable, "m"))
        func change(_ plugins: Condition, previous: [RecordedCondition]) -> StatusChange {
            StatusChange(
                previous: previous, previousDecision: nil, verdict: verdict, others: [plugins], tracksIdleness: false)
        }
        let up = Condition.plugins(unhealthy: [])
        let first = change(up, previous: []).conditions(now: .init(microsecondsSince1970: 0), generation: 1)
        #expect(!change(up, previous: first).isChange)
        #expect(change(.plugins(unhealthy: [health("a", nil)]), previous: first).isChange)
    }

    @Test("the metrics page shows the health, restarts and latency of each plugin")
    func metrics() {
        let page = MetricsPage(
            version: "1", lease: "", isDefinitionMissing: false, process: ProcessUsage(),
            controller: ControllerSnapshot(scalers: [], leads: true, queueDepth: 0),
            plugins: [health("a", nil)], counters: OperatorCounters()
        ).text(.prometheus)
        #expect(page.contains("generalscaler_plugin_up{plugin=\"a\"} 0\n"))
        #expect(page.contains("generalscaler_plugin_restarts_total{plugin=\"a\"} 5\n"))
        #expect(page.contains("generalscaler_plugin_answer_seconds{plugin=\"a\",quantile=\"0.99\"} 0.03\n"))
    }
}
