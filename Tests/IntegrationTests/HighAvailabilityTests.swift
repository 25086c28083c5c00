import Subprocess
import TestSupport
import Testing
import WireFormats

/// Two operators like in a cluster, with real clocks and real process signals.
///
/// They share one lease with short times; the metric requires one more replica each second.
@Suite("Several replicas in a cluster", .timeLimit(.minutes(4)))
struct HighAvailabilityTests {
    private static let times = ["--lease-duration", "4", "--renew-deadline", "2.5", "--retry-period", "0.5"]

    private func withPair(
        arguments: [String] = times,
        _ body: @escaping @Sendable (TestCluster, _ leader: TestOperator, _ standby: TestOperator) async throws -> Void
    ) async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                let arguments = ["--lease", "\(cluster.namespace)/generalscaler"] + arguments
                try await cluster.createWorkload("web", replicas: 1)
                try await cluster.createScaler(
                    "web", query: "vector(1000)",
                    [
                        "minReplicas": 1, "maxReplicas": 400,
                        "safety": ["scaleUpCooldownSeconds": 0, "maxScaleUpRate": 1],
                    ])
                try await TestOperator.run(on: cluster, prometheus: prometheus.address, arguments: arguments) {
                    leader in
                    try await leader.process.errorLine { $0.contains(" leading") }
                    try await TestOperator.run(
                        on: cluster, prometheus: prometheus.address, arguments: arguments
                    ) { standby in
                        try await standby.process.errorLine { $0.contains("another replica is the leader") }
                        try await replicas(cluster, atLeast: 3)
                        try await body(cluster, leader, standby)
                    }
                }
            }
        }
    }

    @discardableResult
    private func replicas(_ cluster: TestCluster, atLeast count: Int) async throws -> Int {
        let object = try await cluster.wait(for: .deployment, cluster.key("web")) {
            ($0["spec"]?["replicas"]?.intValue ?? 0) >= count
        }
        return object["spec"]?["replicas"]?.intValue ?? 0
    }

    /// Checks that the scaling events in both audit logs form one chain: none was performed twice.
    ///
    /// - Parameter mayLack: the number of scaling events that may be missing, because a killed process does not log.
    private func expectOneChain(_ operators: TestOperator..., mayLack: Int = 0) {
        let steps = operators.flatMap(\.audit).compactMap { $0["decision"] }
            .filter { $0["current"] != $0["desired"] }
            .compactMap { decision in
                decision["current"]?.intValue.map { (from: $0, to: decision["desired"]?.intValue) }
            }
            .sorted { $0.from < $1.from }
        #expect(steps.first?.from == 1)
        #expect(steps.allSatisfy { $0.to == $0.from + 1 })
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.from < $1.from })
        #expect((steps.last?.from ?? 0) - steps.count <= mayLack)
    }

    private func measure(_ what: String, _ body: () async throws -> Void) async throws -> Duration {
        let duration = try await ContinuousClock().measure { try await body() }
        print("hand-over after \(what): \(duration)")
        return duration
    }

    @Test("a leader that stops hands over long before its lease would have expired, with the default times")
    func release() async throws {
        try await withPair(arguments: []) { cluster, leader, standby in
            let handOver = try await measure("a release") {
                try leader.process.send(.terminate)
                try await standby.process.errorLine { $0.contains(" leading") }
            }
            #expect(handOver < .seconds(10))
            let now = try await cluster.replicas(of: "web")
            try await replicas(cluster, atLeast: now + 3)
            try leader.process.send(.kill)
            expectOneChain(leader, standby)
        }
    }

    @Test("a killed leader is replaced when its lease has expired")
    func kill() async throws {
        try await withPair { cluster, leader, standby in
            let handOver = try await measure("a kill, with a lease of 4 s") {
                try leader.process.send(.kill)
                try await standby.process.errorLine { $0.contains(" leading") }
            }
            #expect(handOver > .seconds(2))
            let now = try await cluster.replicas(of: "web")
            try await replicas(cluster, atLeast: now + 3)
            expectOneChain(leader, standby, mayLack: 1)
        }
    }

    @Test("a leader suspended past its lease is no longer leader when it resumes, and has reverted nothing")
    func stopped() async throws {
        try await withPair { cluster, leader, standby in
            _ = try await measure("a stop, with a lease of 4 s") {
                try leader.process.send(.suspend)
                try await standby.process.errorLine { $0.contains(" leading") }
            }
            let now = try await cluster.replicas(of: "web")
            try await replicas(cluster, atLeast: now + 3)
            try leader.process.send(.resume)
            try await leader.process.errorLine { $0.contains("leadership lost") }
            try await leader.process.errorLine { $0.contains("another replica is the leader") }
            let later = try await cluster.replicas(of: "web")
            try await replicas(cluster, atLeast: later + 3)
            expectOneChain(leader, standby)
            // Valid for another term.
            try standby.process.send(.terminate)
            try await leader.process.errorLine(2) { $0.contains(" leading") && !$0.contains("no longer") }
        }
    }
}
