import PluginSDK
import SourceSupport
import Synchronization

/// Runs calls on threads that they may block: of one database as many at a time as it may have connections.
final class CallQueue: Sendable {
    private struct Job {
        let call: QueryCall
        let body: @Sendable () -> Result<MetricReading, PluginError>
    }

    private struct Lane {
        var running = 0
        var waiting: [Job] = []
    }

    private let threads = WorkerThreads(limit: PostgresLimits.maxThreads)
    private let lanes = Mutex<[PostgresEndpoint: Lane]>([:])

    func start(
        _ call: QueryCall, on endpoint: PostgresEndpoint,
        _ body: @escaping @Sendable () -> Result<MetricReading, PluginError>
    ) {
        let job = Job(call: call, body: body)
        let mayRun = lanes.withLock { lanes in
            var lane = lanes[endpoint] ?? Lane()
            defer { lanes[endpoint] = lane }
            guard lane.running < PostgresLimits.maxConnectionsPerDatabase else {
                lane.waiting.removeAll { $0.call.isInterrupted }
                lane.waiting.append(job)
                return false
            }
            lane.running += 1
            return true
        }
        if mayRun { run(job, on: endpoint) }
    }

    private func run(_ job: Job, on endpoint: PostgresEndpoint) {
        threads.start { [self] in
            var job = job
            while true {
                if !job.call.isInterrupted { job.call.finish(job.body()) }
                guard let next = next(on: endpoint) else { return }
                job = next
            }
        }
    }

    /// Returns the job that takes the place of one that has ended.
    private func next(on endpoint: PostgresEndpoint) -> Job? {
        lanes.withLock { lanes in
            guard var lane = lanes[endpoint] else { return nil }
            lane.waiting.removeAll { $0.call.isInterrupted }
            let next = lane.waiting.isEmpty ? nil : lane.waiting.removeFirst()
            if next == nil { lane.running -= 1 }
            lanes[endpoint] = lane.running == 0 ? nil : lane
            return next
        }
    }
}
