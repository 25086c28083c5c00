import ClusterSimulator
import HTTPTransport
import KubernetesClient
import Scaling
import ServiceLifecycle
import TestSupport
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// One of several operators that share a lease, with the environment's API server and clock.
final class Replica: Sendable {
    let name: String
    let log = CapturedLog()
    let audit = AuditLines()
    let transport: InMemoryTransport
    private let environment: TestEnvironment
    private let runtime: OperatorRuntime
    private let services: ServiceGroup
    private let running: Task<Void, any Error>
    private let start: Duration

    init(_ name: String, in environment: TestEnvironment, times: LeaseTimes = .standard) {
        self.name = name
        self.environment = environment
        start = environment.clock.now.offset
        transport = InMemoryTransport(api: environment.api, clock: environment.clock, userAgent: name)
        runtime = OperatorRuntime(
            OperatorConfiguration(
                cluster: ClusterConfiguration(
                    server: "http://simulated", defaultNamespace: OperatorFixture.namespace),
                listen: nil, identity: name,
                election: LeaderElection(
                    lease: ObjectKey(namespace: OperatorFixture.namespace, name: "generalscaler"), times: times)),
            source: environment.source,
            http: transport,
            time: environment.clock.time,
            random: { 0.5 },
            logger: log.logger,
            audit: { [audit] in audit.add($0) })
        services = ServiceGroup(services: runtime.services, logger: .silent)
        // Awaited by `stop` and `kill`.
        running = Task { [services] in try await services.run() }
    }

    /// Stops it like SIGTERM.
    func stop() async throws {
        await services.triggerGracefulShutdown()
        try await running.value
    }

    /// Ends it like SIGKILL: nothing more is sent.
    func kill() async {
        transport.kill()
        running.cancel()
        _ = await running.result
    }

    var leads: Bool { get async { await runtime.controller.leads } }

    /// Whether nothing is in progress, so that only time can cause an event. Held requests are ignored.
    var isQuiet: Bool {
        get async {
            guard let elector = runtime.elector, let wake = elector.wakesAt, isAsleep(until: wake), transport.isQuiet,
                await runtime.controller.isQuiet
            else { return false }
            guard let due = await runtime.controller.nextDue else { return true }
            return isAsleep(until: due)
        }
    }

    private func isAsleep(until time: Duration) -> Bool {
        let wait = time - (environment.clock.now.offset - start)
        return wait > .zero && environment.clock.hasSleeper(dueIn: wait)
    }

    /// Its requests to the API server.
    var requests: [LoggedRequest] { environment.api.requests.filter { $0.userAgent == name } }

    /// Its patches of the scale subresource.
    var scalePatches: [LoggedRequest] { requests.filter(\.isScalePatch) }

    /// Its writes, except for the lease.
    var writes: [LoggedRequest] { requests.filter { $0.method != "GET" && $0.info?.resource != "leases" } }

    /// Its writes of replicas and status. Events are not included, because they report past decisions.
    var decisionWrites: [LoggedRequest] { writes.filter { $0.info?.resource != "events" } }
}

extension LoggedRequest {
    var isScalePatch: Bool { info?.subresource == "scale" && method == "PATCH" }
    var isAccepted: Bool { status < 300 }
}

extension TestEnvironment {
    /// Advances the time from event to event, never while anything is in progress, until the condition holds.
    ///
    /// - Parameters:
    ///   - replicas: the running replicas, without one that waits for a held request.
    ///   - limit: the simulated time after which the test fails.
    func pass(
        _ replicas: [Replica], limit: Duration = .seconds(600), until condition: () async throws -> Bool
    ) async throws {
        let start = clock.now
        while try await !condition() {
            try Task.checkCancellation()
            guard start.duration(to: clock.now) < limit else {
                throw OperatorFixture.Unexpected("\(limit) have passed and it has not happened")
            }
            var isQuiet = true
            for replica in replicas where isQuiet { isQuiet = await replica.isQuiet }
            if isQuiet {
                clock.advanceToNextSleeper()
                api.advance()
            }
            await Task.yield()
        }
    }

    func replicas(of deployment: String = "web") throws -> Int? {
        try api.get("/apis/apps/v1/namespaces/\(OperatorFixture.namespace)/deployments/\(deployment)")["spec"]?[
            "replicas"]?
            .intValue
    }

    func status(_ scaler: String = "web") throws -> JSON {
        try api.get(
            "/apis/autoscaling.example.com/v1/namespaces/\(OperatorFixture.namespace)/generalscalers/\(scaler)")[
                "status"] ?? .null
    }

    var lease: JSON {
        get throws {
            try api.get("/apis/coordination.k8s.io/v1/namespaces/\(OperatorFixture.namespace)/leases/generalscaler")[
                "spec"] ?? .null
        }
    }

    /// The time since the start of the environment.
    var elapsed: Duration { clock.now.offset }
}
