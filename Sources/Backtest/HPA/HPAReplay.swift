package import Scaling

/// Runs the model of the HorizontalPodAutoscaler, with KEDA's part, on a trace and a workload.
package struct HPAReplay: Sendable {
    private let backtest: Backtest
    private let settings: HPASettings

    /// A change of the replicas, or a decision not to change them.
    package struct Step: Sendable, Hashable {
        package let time: Timestamp
        package let replicas: Int
        package let reason: HPAModel.Reason
    }

    /// - Parameter backtest: the trace, the metrics and the workload.
    package init(_ settings: HPASettings, on backtest: Backtest) {
        self.settings = settings
        self.backtest = backtest
    }

    package func run(initialReplicas: Int) -> [Step] {
        var replicas = ReplicaSet(ready: initialReplicas, startupDelay: backtest.workload.startupDelay)
        var model = HPAModel(settings)
        var keda = settings.keda.map { KEDAModel($0, minReplicas: settings.minReplicas, start: backtest.trace.start) }
        var steps: [Step] = []
        var nextSync = backtest.trace.start
        var nextPoll = settings.keda == nil ? nil : backtest.trace.start as Timestamp?
        var index = 0
        while true {
            let now = min(nextSync, nextPoll ?? nextSync)
            guard now <= backtest.trace.end else { return steps }
            index = backtest.trace.index(at: now, from: index)
            replicas.advance(to: now)
            let readings = backtest.readings(index, ready: replicas.ready, at: now)
            if now == nextPoll, let interval = settings.keda?.pollingInterval {
                nextPoll = now + interval
                let isActive = readings.contains { reading in
                    reading.value.map { $0 > reading.metric.activation } ?? false
                }
                let hasFailed = readings.contains { $0.value == nil }
                if let desired = keda?.poll(
                    at: now, current: replicas.current, isActive: isActive, hasFailed: hasFailed)
                {
                    replicas.scale(to: desired, at: now)
                    model.forget()
                    steps.append(Step(time: now, replicas: desired, reason: .activation))
                }
            }
            if now == nextSync {
                nextSync = now + settings.syncPeriod
                let step = model.sync(at: now, current: replicas.current, ready: replicas.ready, readings)
                if step.desired != replicas.current { replicas.scale(to: step.desired, at: now) }
                steps.append(Step(time: now, replicas: step.desired, reason: step.reason))
            }
        }
    }
}

/// KEDA's part: it starts an idle target and stops it again.
///
/// Source: https://keda.sh/docs/latest/reference/scaledobject-spec/
package struct KEDAModel: Sendable {
    private let settings: HPASettings.KEDA
    private let minReplicas: Int
    private let start: Timestamp
    private var lastActive: Timestamp?

    package init(_ settings: HPASettings.KEDA, minReplicas: Int, start: Timestamp) {
        self.settings = settings
        self.minReplicas = minReplicas
        self.start = start
    }

    /// Returns the replicas to set; nil to leave them.
    package mutating func poll(at now: Timestamp, current: Int, isActive: Bool, hasFailed: Bool) -> Int? {
        if isActive {
            lastActive = now
            return current == 0 ? max(minReplicas, 1) : nil
        }
        guard let idle = settings.idleReplicas else { return current == 0 ? max(minReplicas, 1) : nil }
        guard current > idle, !hasFailed else { return nil }
        let since = lastActive ?? start + settings.initialCooldown
        return now - since >= settings.cooldown ? idle : nil
    }
}
