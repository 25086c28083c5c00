import PluginHost
import Scaling

/// Everything on `/metrics`, put together when it is asked for.
struct MetricsPage {
    let version: String
    let scalers: [ScalerSnapshot]
    let plugins: [PluginHealth]
    let counters: OperatorMetrics

    var text: String {
        var text = MetricsText()
        text.family("generalscaler_build_info", .gauge, "The operator's version; always 1.")
        text.sample("generalscaler_build_info", [("version", version)], 1)
        counters.write(into: &text)
        writePlugins(into: &text)
        writeScalers(into: &text)
        return text.text
    }

    private func writePlugins(into text: inout MetricsText) {
        text.family("generalscaler_plugin_up", .gauge, "Whether the plugin's process is up and has shaken hands.")
        for plugin in plugins {
            text.sample("generalscaler_plugin_up", [("plugin", plugin.name)], plugin.state == .up ? 1 : 0)
        }
        for (name, type, help, value) in Self.pluginFamilies {
            text.family("generalscaler_plugin_\(name)", type, help)
            for plugin in plugins {
                text.sample("generalscaler_plugin_\(name)", [("plugin", plugin.name)], Double(value(plugin)))
            }
        }
        let latency = "generalscaler_plugin_answer_seconds"
        text.family(latency, .gauge, "How long the plugin took to answer: quantiles of its last thousand answers.")
        for plugin in plugins {
            for (quantile, value) in [("0.5", plugin.latency?.p50), ("0.99", plugin.latency?.p99)] {
                guard let value else { continue }
                text.sample(latency, [("plugin", plugin.name), ("quantile", quantile)], value / .seconds(1))
            }
        }
    }

    private typealias PluginFamily = (
        name: String, type: MetricsText.Kind, help: String, value: @Sendable (PluginHealth) -> Int
    )

    private static let pluginFamilies: [PluginFamily] = [
        ("restarts_total", .counter, "Starts of the plugin after its first one.", { $0.restarts }),
        ("swaps_total", .counter, "New versions of the plugin that took over while it ran.", { $0.swaps }),
        ("in_flight", .gauge, "Calls that the plugin has not answered yet.", { $0.inFlight }),
        ("waiting", .gauge, "Calls that wait for their turn at the plugin.", { $0.waiting }),
        ("answers_total", .counter, "Answers that reached their caller, errors among them.", { $0.counters.answers }),
        ("missed_deadlines_total", .counter, "Calls not answered in time.", { $0.counters.missedDeadlines }),
        ("late_answers_total", .counter, "Answers that nobody waited for any more.", { $0.counters.lateAnswers }),
        ("duplicate_answers_total", .counter, "Answers to answered calls.", { $0.counters.duplicateAnswers }),
        ("unknown_answers_total", .counter, "Answers to calls nobody made.", { $0.counters.unknownAnswers }),
        ("rejected_lines_total", .counter, "Lines that are no protocol message.", { $0.counters.rejectedLines }),
    ]

    private func writeScalers(into text: inout MetricsText) {
        let sorted = scalers.sorted {
            ($0.identity.namespace, $0.identity.name) < ($1.identity.namespace, $1.identity.name)
        }
        text.family("generalscaler_scalers", .gauge, "GeneralScaler objects that the operator looks after.")
        text.sample("generalscaler_scalers", [], Double(scalers.count))
        text.family("generalscaler_scaler_ready", .gauge, "Whether the scaler's condition Ready is True.")
        for scaler in sorted {
            let isReady = scaler.conditions.contains { $0.condition.kind == .ready && $0.condition.status == .true }
            text.sample("generalscaler_scaler_ready", labels(scaler), isReady ? 1 : 0)
        }
        let replicas: [(String, String, (Decision) -> Int)] = [
            ("current", "Replicas the target was set to at the last decision.", \.current),
            ("ready", "Replicas of the target that were ready at the last decision.", \.ready),
            ("recommended", "Replicas the policy asked for at the last decision.", \.recommended),
            ("desired", "Replicas after every limit, at the last decision.", \.desired),
        ]
        for (name, help, value) in replicas {
            let family = "generalscaler_scaler_\(name)_replicas"
            text.family(family, .gauge, help)
            for scaler in sorted {
                if let decision = scaler.decision { text.sample(family, labels(scaler), Double(value(decision))) }
            }
        }
        writeMetricValues(of: sorted, into: &text)
        text.family("generalscaler_scaler_limited", .gauge, "What bounded the last decision; 1 for each cause.")
        for scaler in sorted {
            for cause in scaler.decision?.limitedBy ?? [] {
                text.sample("generalscaler_scaler_limited", labels(scaler) + [("cause", cause.rawValue)], 1)
            }
        }
    }

    private func writeMetricValues(of scalers: [ScalerSnapshot], into text: inout MetricsText) {
        text.family("generalscaler_metric_value", .gauge, "Value at the last decision; absent without one.")
        for (scaler, metric) in scalers.flatMap({ scaler in (scaler.decision?.metrics ?? []).map { (scaler, $0) } }) {
            guard let value = metric.observation.value else { continue }
            text.sample("generalscaler_metric_value", labels(scaler) + [("metric", metric.name)], value)
        }
        text.family("generalscaler_metric_target", .gauge, "What the value is held against.")
        for scaler in scalers {
            for metric in scaler.decision?.metrics ?? [] {
                text.sample("generalscaler_metric_target", labels(scaler) + [("metric", metric.name)], metric.target)
            }
        }
    }

    private func labels(_ scaler: ScalerSnapshot) -> [(String, String)] {
        [("namespace", scaler.identity.namespace), ("name", scaler.identity.name)]
    }
}
