import PluginHost
import Scaling

/// Everything on `/metrics`, put together when it is asked for: what is gone leaves no series behind.
struct MetricsPage {
    /// Scalers that have series of their own: ten each and three for each metric. More would make a page too large to be
    /// scraped every few seconds.
    static let maxScalers = 10_000

    let version: String
    let controller: ControllerSnapshot
    let plugins: [PluginHealth]
    let counters: OperatorMetrics

    func text(_ format: MetricsText.Format) -> String {
        var text = MetricsText(format)
        text.begin(.buildInfo)
        text.sample([version], 1)
        text.begin(.leader)
        text.sample(controller.leads ? 1 : 0)
        text.begin(.queueDepth)
        text.sample(Double(controller.queueDepth))
        counters.write(into: &text)
        writePlugins(into: &text)
        writeScalers(into: &text)
        return text.text
    }

    private func writePlugins(into text: inout MetricsText) {
        text.begin(.pluginUp)
        for plugin in plugins { text.sample([plugin.name], [.up, .resting].contains(plugin.state) ? 1 : 0) }
        text.begin(.pluginState)
        for plugin in plugins {
            for state in PluginHealth.State.allCases {
                text.sample([plugin.name, state.rawValue], plugin.state == state ? 1 : 0)
            }
        }
        text.begin(.pluginAnswer)
        for plugin in plugins {
            for (quantile, value) in [("0.5", plugin.latency?.p50), ("0.99", plugin.latency?.p99)] {
                if let value { text.sample([plugin.name, quantile], value / .seconds(1)) }
            }
        }
        for (family, value) in Self.pluginNumbers {
            text.begin(family)
            for plugin in plugins { text.sample([plugin.name], Double(value(plugin))) }
        }
        text.begin(.pluginPushes)
        for plugin in plugins {
            for (outcome, value) in Self.pushOutcomes {
                text.sample([plugin.name, outcome], Double(value(plugin.counters.pushes)))
            }
        }
    }

    private static let pushOutcomes: [(String, @Sendable (PushCounters) -> Int)] = [
        ("passed_on", { $0.passedOn }), ("coalesced", { $0.coalesced }), ("excess", { $0.excess }),
        ("unknown", { $0.unknown }), ("invalid", { $0.invalid }),
    ]

    private static let pluginNumbers: [(MetricFamily, @Sendable (PluginHealth) -> Int)] = [
        (.pluginRestarts, { $0.restarts }),
        (.pluginSwaps, { $0.swaps }),
        (.pluginInFlight, { $0.inFlight }),
        (.pluginWaiting, { $0.waiting }),
        (.pluginAnswers, { $0.counters.answers }),
        (.pluginMissedDeadlines, { $0.counters.missedDeadlines }),
        (.pluginLateAnswers, { $0.counters.lateAnswers }),
        (.pluginDuplicateAnswers, { $0.counters.duplicateAnswers }),
        (.pluginUnknownAnswers, { $0.counters.unknownAnswers }),
        (.pluginRejectedLines, { $0.counters.rejectedLines }),
        (.pluginSubscriptions, { $0.subscriptions }),
    ]

    private func writeScalers(into text: inout MetricsText) {
        let sorted = controller.scalers.sorted {
            ($0.identity.namespace, $0.identity.name) < ($1.identity.namespace, $1.identity.name)
        }
        let shown = sorted.prefix(Self.maxScalers)
        text.begin(.scalers)
        text.sample(Double(sorted.count))
        text.begin(.hiddenScalers)
        text.sample(Double(sorted.count - shown.count))
        text.begin(.scalerReady)
        for scaler in shown {
            let isReady = scaler.conditions.contains { $0.condition.kind == .ready && $0.condition.status == .true }
            text.sample(scaler.labels, isReady ? 1 : 0)
        }
        text.begin(.scalerErrors)
        for scaler in shown {
            for (reason, count) in scaler.errors.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample(scaler.labels + [reason.rawValue], Double(count))
            }
        }
        let replicas: [(MetricFamily, (Decision) -> Int?)] = [
            (.scalerCurrent, \.current), (.scalerReadyReplicas, \.ready), (.scalerRecommended, \.recommended),
            (.scalerDesired, \.desired),
        ]
        for (family, value) in replicas {
            text.begin(family)
            for scaler in shown {
                if let count = scaler.decision.flatMap(value) { text.sample(scaler.labels, Double(count)) }
            }
        }
        text.begin(.scalerLimited)
        for scaler in shown {
            for cause in scaler.decision?.limitedBy ?? [] { text.sample(scaler.labels + [cause.rawValue], 1) }
        }
        writeMetrics(of: shown, into: &text)
    }

    private func writeMetrics(of scalers: some Sequence<ScalerSnapshot>, into text: inout MetricsText) {
        let metrics = scalers.flatMap { scaler in
            (scaler.decision?.metrics ?? []).map { (labels: scaler.labels + [$0.name], metric: $0) }
        }
        text.begin(.metricUp)
        for (labels, metric) in metrics { text.sample(labels, metric.observation.value == nil ? 0 : 1) }
        text.begin(.metricValue)
        for (labels, metric) in metrics {
            if let value = metric.observation.value { text.sample(labels, value) }
        }
        text.begin(.metricTarget)
        for (labels, metric) in metrics { text.sample(labels, metric.target) }
    }
}

extension ScalerSnapshot {
    fileprivate var labels: [String] { [identity.namespace, identity.name] }
}
