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
        text.family("generalscaler_plugin_restarts_total", .counter, "Starts of the plugin after its first one.")
        for plugin in plugins {
            text.sample("generalscaler_plugin_restarts_total", [("plugin", plugin.name)], Double(plugin.restarts))
        }
        text.family("generalscaler_plugin_in_flight", .gauge, "Calls that the plugin has not answered yet.")
        for plugin in plugins {
            text.sample("generalscaler_plugin_in_flight", [("plugin", plugin.name)], Double(plugin.inFlight))
        }
        text.family("generalscaler_plugin_rejected_lines_total", .counter, "Lines that are no protocol message.")
        for plugin in plugins {
            let lines = Double(plugin.counters.rejectedLines)
            text.sample("generalscaler_plugin_rejected_lines_total", [("plugin", plugin.name)], lines)
        }
    }

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
