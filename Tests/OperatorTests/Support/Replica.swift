import ClusterSimulator
import HTTPTransport
import KubernetesClient
import Scaling
import ServiceLifecycle
import TestSupport
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// One of several operators that share a lease, over the environment's API server and on the environment's clock.
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
            time: OperatorTime(clock: environment.clock) { [environment] in
                Timestamp(microsecondsSince1970: environment.clock.wallMicroseconds())
            },
            clock: environment.clock,
            random: { 0.5 },
            logger: log.logger,
            audit: { [audit] in audit.add($0) })
        services = ServiceGroup(services: runtime.services, logger: .silent)
        // Awaited by `stop` and `kill`.
        running = Task { [services] in try await services.run() }
    }

    /// As SIGTERM does.
    func stop() async throws {
        await services.triggerGracefulShutdown()
        try await running.value
    }

    /// As SIGKILL does: nothing more leaves it.
    func kill() async {
        transport.kill()
        running.cancel()
        _ = await running.result
    }

    var leads: Bool { get async { await runtime.controller.leads } }

    /// Nothing is under way: what comes next comes with time. Where a request is held, only the rest is looked at.
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

    /// What it asked of the API server.
    var requests: [LoggedRequest] { environment.api.requests.filter { $0.userAgent == name } }

    /// Its patches of the scale subresource.
    var scalePatches: [LoggedRequest] { requests.filter(\.isScalePatch) }

    /// What it wrote, but for the lease.
    var writes: [LoggedRequest] { requests.filter { $0.method != "GET" && $0.info?.resource != "leases" } }

    /// What it wrote of decisions: replicas and status. An event tells of one that is past.
    var decisionWrites: [LoggedRequest] { writes.filter { $0.info?.resource != "events" } }
}

extension LoggedRequest {
    var isScalePatch: Bool { info?.subresource == "scale" && method == "PATCH" }
    var isAccepted: Bool { status < 300 }
}

extension TestEnvironment {
    /// Lets time pass, from one thing that happens to the next and never while anything is under way, until the
    /// condition holds.
    ///
    /// - Parameters:
    ///   - replicas: those that live; one that is stuck in a held request is not among them.
    ///   - limit: simulated time after which the wait is given up.
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

    /// Time since the environment began.
    var elapsed: Duration { clock.now.offset }
}
