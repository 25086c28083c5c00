import PluginHost
import ScalerAPI
import Scaling

/// The contents of `/metrics`, built for each request, so that deleted objects leave no series.
struct MetricsPage {
    /// The maximum number of scalers with their own series: twelve per scaler, one more with a forecast, three per metric and
    /// three per forecast. More would make the page too large for frequent scrapes.
    static let maxScalers = 10_000

    let version: String
    /// `NAMESPACE/NAME` of the Lease for leader election; empty without one.
    let lease: String
    /// Whether the API server does not have the resource GeneralScalers.
    let isDefinitionMissing: Bool
    let process: ProcessUsage
    let controller: ControllerSnapshot
    let plugins: [PluginHealth]
    let counters: OperatorCounters

    func text(_ format: MetricsText.Format) -> String {
        var text = MetricsText(format)
        text.begin(.buildInfo)
        text.sample([version], 1)
        text.begin(.leader)
        text.sample([lease], controller.leads ? 1 : 0)
        text.begin(.crdMissing)
        text.sample(isDefinitionMissing ? 1 : 0)
        text.begin(.queueDepth)
        text.sample(Double(controller.queueDepth))
        counters.write(into: &text)
        writeProcess(into: &text)
        writePlugins(into: &text)
        writeScalers(into: &text)
        writeBudgets(into: &text)
        return text.text
    }

    private func writeProcess(into text: inout MetricsText) {
        let values: [(MetricFamily, Double?)] = [
            (.processCPU, process.cpuSeconds), (.processResident, process.residentBytes),
            (.processVirtual, process.virtualBytes), (.processOpenDescriptors, process.openDescriptors),
            (.processMaxDescriptors, process.maxDescriptors), (.processStart, process.startTime),
        ]
        for (family, value) in values {
            text.begin(family)
            if let value { text.sample(value) }
        }
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
        let shown = sorted.prefix(Self.maxScalers).map { ($0, $0.labels) }
        text.begin(.scalers)
        text.sample(Double(sorted.count))
        text.begin(.hiddenScalers)
        text.sample(Double(sorted.count - shown.count))
        text.begin(.scalerReady)
        for (scaler, labels) in shown { text.sample(labels, scaler.isReady ? 1 : 0) }
        for (family, bound) in [(MetricFamily.minReplicas, \ClosedRange<Int>.lowerBound), (.maxReplicas, \.upperBound)]
        {
            text.begin(family)
            for (scaler, labels) in shown {
                if let bounds = scaler.bounds { text.sample(labels, Double(bounds[keyPath: bound])) }
            }
        }
        text.begin(.scalerErrors)
        for (scaler, labels) in shown {
            for (reason, count) in scaler.errors.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample(labels, reason.rawValue, Double(count))
            }
        }
        writeDecisions(of: shown, into: &text)
    }

    private func writeDecisions(
        of scalers: [(ScalerSnapshot, MetricsText.SharedLabels)], into text: inout MetricsText
    ) {
        let replicas: [(MetricFamily, (Decision) -> Int?)] = [
            (.scalerCurrent, \.current), (.scalerReadyReplicas, \.ready), (.scalerRecommended, \.recommended),
            (.scalerDesired, \.desired),
        ]
        for (family, value) in replicas {
            text.begin(family)
            for (scaler, labels) in scalers {
                if let count = scaler.decision.flatMap(value) { text.sample(labels, Double(count)) }
            }
        }
        text.begin(.scalerLimited)
        for (scaler, labels) in scalers where !scaler.isBlocked {
            for cause in scaler.decision?.limitedBy ?? [] { text.sample(labels, cause.rawValue, 1) }
        }
        writeForecasts(of: scalers, into: &text)
        let metrics: [(MetricFamily, (MetricRecord) -> Double?, ((InputRecord) -> Double?)?)] = [
            (.metricUp, { $0.observation.value == nil ? 0 : 1 }, { $0.observation.value == nil ? 0 : 1 }),
            (.metricValue, \.observation.value, \.observation.value), (.metricTarget, \.target, nil),
        ]
        for (family, value, inputValue) in metrics {
            text.begin(family)
            for (scaler, labels) in scalers {
                for metric in scaler.decision?.metrics ?? [] {
                    if let value = value(metric) { text.sample(labels, metric.name, value) }
                }
                for input in scaler.decision?.inputs ?? [] {
                    if let value = inputValue?(input) { text.sample(labels, input.name, value) }
                }
            }
        }
    }

    private func writeBudgets(into text: inout MetricsText) {
        let values: [(MetricFamily, (BudgetSnapshot) -> Double)] = [
            (.budgetLimit, \.limit), (.budgetUsed, \.used), (.budgetDenied, { Double($0.denied) }),
        ]
        for (family, value) in values {
            text.begin(family)
            for budget in controller.budgets { text.sample([budget.name, budget.unit], value(budget)) }
        }
    }

    private func writeForecasts(
        of scalers: [(ScalerSnapshot, MetricsText.SharedLabels)], into text: inout MetricsText
    ) {
        let values: [(MetricFamily, (ForecastRecord) -> Double?)] = [
            (.forecastValue, \.forecast.upper), (.forecastSkill, \.forecast.skill),
            (.forecastActive, { $0.isActive ? 1 : 0 }),
        ]
        for (family, value) in values {
            text.begin(family)
            for (scaler, labels) in scalers {
                for forecast in scaler.decision?.forecasts ?? [] {
                    if let value = value(forecast) { text.sample(labels, forecast.metric, value) }
                }
            }
        }
        text.begin(.forecastInactiveSince)
        for (scaler, labels) in scalers {
            guard let since = scaler.forecastInactiveSince else { continue }
            text.sample(labels, Double(since.microsecondsSince1970 / 1_000_000))
        }
    }
}

extension ScalerSnapshot {
    /// The labels of all series.
    fileprivate var labels: MetricsText.SharedLabels {
        .init(["namespace": identity.namespace, "name": identity.name])
    }

    fileprivate var isReady: Bool {
        conditions.contains { $0.condition.kind == .ready && $0.condition.status == .true }
    }
}
