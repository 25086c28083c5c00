import PluginProtocol
import SystemIO

extension PluginSupervisor {
    func health() async -> PluginHealth {
        var sum = PluginVitals(counters: record.counters)
        var windows = [record.latencies]
        for instance in launches.values.map(\.instance) {
            let vitals = await instance.vitals
            if instance === current {
                sum.process = vitals.process
                sum.subscriptions = vitals.subscriptions
            }
            sum.inFlight += vitals.inFlight
            sum.waiting += vitals.waiting
            sum.counters = sum.counters + vitals.counters
            windows.append(vitals.latencies)
        }
        return PluginHealth(
            name: program.name,
            version: record.version,
            state: healthState,
            processID: sum.process,
            restarts: lifecycle.restarts,
            swaps: lifecycle.swaps,
            inFlight: sum.inFlight,
            waiting: sum.waiting,
            subscriptions: sum.subscriptions,
            counters: sum.counters,
            latency: LatencyWindow.percentiles(of: windows),
            lastFailure: record.lastFailure,
            needsRepair: lifecycle.needsRepair
        )
    }

    private var healthState: PluginHealth.State {
        switch lifecycle.phase {
        case .idle, .starting: .starting
        case .up, .trying: .up
        case .resting: .resting
        case .waiting(_, let isBroken, _): isBroken ? .broken : .backingOff
        case .stopping, .stopped: .stopped
        }
    }

    var notRunning: PluginFailure {
        let name = program.name
        let last = record.lastFailure.map { ". Last failure: \($0)" } ?? ""
        switch lifecycle.phase {
        case .waiting(let until, let isBroken, _):
            let left = max(.zero, until - dependencies.time.elapsed())
            let what = isBroken ? "keeps failing and is probed again" : "is not running and will be restarted"
            return PluginFailure(
                .notRunning, plugin: name, "plugin \(name) \(what) in \(Self.text(left))\(last)", retryAfter: left)
        case .stopped:
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) has stopped, because its host has stopped")
        case .stopping:
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) is stopping, because its host is")
        case .idle, .starting, .up, .trying, .resting:
            return PluginFailure(.notRunning, plugin: name, "plugin \(name) has not been started yet")
        }
    }
}
