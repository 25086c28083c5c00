import ClusterSimulator
import HTTPTransport
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Two replicas and one lease with the default times, in simulated time.
@Suite("Several operator replicas", .timeLimit(.minutes(5)))
struct HighAvailabilityTests {
    /// A scaler whose metric requires one more replica with each poll.
    private static let climbing: JSON = [
        "maxReplicas": 100, "minReplicas": 1,
        "safety": ["scaleUpCooldownSeconds": 0, "maxScaleUpRate": 1],
    ]

    private static let handOverOnRelease: Duration = .seconds(2)
    private static let handOverOnLoss: Duration = .seconds(20)

    private func environment(_ spec: JSON = climbing, replicas: Int = 2) throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: replicas)
        environment.source.answer { _ in 1_000 }
        try environment.api.create(TestEnvironment.scaler("web", spec))
        return environment
    }

    /// Checks that every decision to scale is one accepted patch, and that the patches form one chain: nothing was
    /// decided twice.
    private func expectOnePatchPerDecision(_ environment: TestEnvironment, _ replicas: [Replica], from first: Int = 2)
        throws
    {
        let accepted = environment.api.requests.filter { $0.isScalePatch && $0.isAccepted }
        let steps = try accepted.map { try JSON(parsing: $0.body)["spec"]?["replicas"]?.intValue }
        #expect(steps == Array(first + 1..<first + 1 + steps.count))
        let decisions = replicas.flatMap(\.audit.all).map { $0["decision"] ?? .null }
            .filter { $0["current"] != $0["desired"] }
        #expect(decisions.compactMap { $0["desired"]?.intValue }.sorted() == steps.compactMap(\.self))
        #expect(
            accepted.allSatisfy { request in
                (try? JSON(parsing: request.body))?["metadata"]?["resourceVersion"]?.stringValue?.isEmpty == false
            })
    }

    private func printHandOver(_ what: String, _ duration: Duration) {
        print("hand-over after \(what): \(duration) of simulated time")
    }

    @Test("a standby reads no metric and writes nothing, but its caches are filled")
    func standby() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        try await environment.pass([first]) { try environment.replicas() == 3 }
        let second = Replica("second", in: environment)
        try await environment.pass([first, second]) { try environment.replicas() == 6 }
        #expect(second.writes.isEmpty)
        #expect(second.audit.all.isEmpty)
        #expect(await !second.leads)
        #expect(!second.log.records.contains { $0.message == "poll finished" })
        let watched = second.requests.filter { $0.info?.verb == "watch" }.compactMap { $0.info?.resource }
        #expect(Set(watched) == ["generalscalers", "deployments", "horizontalpodautoscalers", "leases"])
        try await second.stop()
        try await first.stop()
        #expect(second.writes.isEmpty)
    }

    @Test("a rolling update hands over leadership within two seconds, and no decision is made twice or lost")
    func rollingUpdate() async throws {
        let environment = try environment()
        var leader = Replica("replica-0", in: environment)
        var all = [leader]
        try await environment.pass([leader]) { try environment.replicas() == 4 }
        for number in 1...3 {
            let next = Replica("replica-\(number)", in: environment)
            all.append(next)
            let before = try #require(try environment.replicas())
            try await environment.pass([leader, next]) { try environment.replicas() == before + 2 }
            let stopped = environment.elapsed
            try await leader.stop()
            #expect(
                try environment.lease["holderIdentity"] == nil
                    || environment.lease["holderIdentity"]?.stringValue == next.name)
            try await environment.pass([next]) { await next.leads }
            let handOver = environment.elapsed - stopped
            printHandOver("a release", handOver)
            #expect(handOver < Self.handOverOnRelease)
            #expect(try environment.lease["leaseTransitions"] == .integer(Int64(number)))
            leader = next
        }
        let before = try #require(try environment.replicas())
        try await environment.pass([leader]) { try environment.replicas() == before + 3 }
        try await leader.stop()
        try expectOnePatchPerDecision(environment, all)
    }

    @Test("a killed leader is replaced within twenty seconds")
    func kill() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        let second = Replica("second", in: environment)
        try await environment.pass([first, second]) { try environment.replicas() == 4 }
        let (dead, heir) = await first.leads ? (first, second) : (second, first)
        let killed = environment.elapsed
        await dead.kill()
        try await environment.pass([heir]) { await heir.leads }
        printHandOver("a kill", environment.elapsed - killed)
        #expect(environment.elapsed - killed < Self.handOverOnLoss)
        // The last renewal was up to two seconds before the kill, and the lease expires from there.
        #expect(environment.elapsed - killed > .seconds(12))
        let before = try #require(try environment.replicas())
        try await environment.pass([heir]) { try environment.replicas() == before + 3 }
        try await heir.stop()
        try expectOnePatchPerDecision(environment, [first, second])
    }

    @Test("a leader whose network is cut stops before its lease ends, and becomes a standby when the network is back")
    func cutNetwork() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        try await environment.pass([first]) { try environment.replicas() == 4 }
        let second = Replica("second", in: environment)
        try await environment.pass([first, second]) { try environment.replicas() == 5 }
        let cut = environment.elapsed
        first.transport.cut()
        // The hanging calls of the first replica sleep; only the second has to be quiet.
        var ended: Duration?
        try await environment.pass([second]) {
            let leads = (await first.leads, await second.leads)
            #expect(leads != (true, true))
            if !leads.0 { ended = ended ?? environment.elapsed }
            return leads.1
        }
        printHandOver("a cut network", environment.elapsed - cut)
        #expect(environment.elapsed - cut < Self.handOverOnLoss)
        let end = try #require(ended)
        // Checked only at events, which occur at least every retry period.
        #expect(end - cut <= .seconds(10 + 2.2))
        #expect(environment.elapsed - end >= .seconds(2))
        first.transport.restore()
        let before = try #require(try environment.replicas())
        try await environment.pass([second]) { try environment.replicas() == before + 3 }
        #expect(await !first.leads)
        #expect(first.scalePatches.count + second.scalePatches.count == (try environment.replicas() ?? 0) - 2)
        try await first.stop()
        try await second.stop()
        try expectOnePatchPerDecision(environment, [first, second])
    }

    @Test("a leader suspended between decision and write gets a conflict after the standby has scaled")
    func pausedBeforeWrite() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        try await environment.pass([first]) { try environment.replicas() == 4 }
        let second = Replica("second", in: environment)
        try await environment.pass([first, second]) { await !second.leads && second.requests.count > 3 }
        first.transport.hold { $0.method == "PATCH" && $0.url.contains("/scale") }
        try await environment.pass([first, second]) { first.transport.isHolding }
        first.transport.hold { _ in true }
        try await environment.pass([second]) { try environment.replicas() == 6 }
        #expect(second.scalePatches.filter(\.isAccepted).count == 2)
        let writes = first.decisionWrites.count
        first.transport.release()
        await first.log.wait(message: "leadership lost")
        try await environment.pass([first, second]) { try environment.replicas() == 7 }
        let late = first.decisionWrites.dropFirst(writes)
        #expect(late.map(\.status) == [409])
        #expect(late.first?.isScalePatch == true)
        #expect(await !first.leads)
        try await first.stop()
        try await second.stop()
        try expectOnePatchPerDecision(environment, [first, second])
    }

    @Test("a leader suspended before it writes the status does not overwrite the status of the next leader")
    func pausedBeforeStatus() async throws {
        let environment = try environment()
        let first = Replica("first", in: environment)
        try await environment.pass([first]) { try environment.replicas() == 4 }
        let second = Replica("second", in: environment)
        try await environment.pass([first, second]) { await !second.leads && second.requests.count > 3 }
        first.transport.hold { $0.method == "PATCH" && $0.url.contains("/status") }
        try await environment.pass([first, second]) { first.transport.isHolding }
        first.transport.hold { _ in true }
        try await environment.pass([second]) {
            try environment.replicas() == 6 && environment.status()["pendingScale"] == nil
        }
        let status = try environment.status()
        let writes = first.decisionWrites.count
        first.transport.release()
        await first.log.wait(message: "leadership lost")
        #expect(first.decisionWrites.dropFirst(writes).map(\.status) == [409])
        #expect(try environment.status() == status)
        try await first.stop()
        try await second.stop()
        try expectOnePatchPerDecision(environment, [first, second])
    }

    @Test("a standby with an outdated watch reads the last leader's status before it decides and keeps the cooldown")
    func laggingStandby() async throws {
        let environment = try environment(["minReplicas": 1, "safety": ["cooldownSeconds": 300, "maxScaleUpRate": 1]])
        let second = Replica("second", in: environment)
        try await environment.pass([second]) { await second.leads }
        let first = Replica("first", in: environment)
        try await environment.pass([first, second]) { try environment.replicas() == 3 }
        #expect(second.scalePatches.count == 1)
        // The first is a standby; from now on its watches deliver nothing new.
        first.transport.freezeWatches()
        let scaled = environment.elapsed
        try await environment.pass([second]) { try environment.replicas() == 4 }
        #expect(environment.elapsed - scaled >= .seconds(290))
        let secondScaling = environment.elapsed
        try await second.stop()
        try await environment.pass([first], limit: .seconds(60)) { await first.leads }
        first.transport.thawWatches()
        try await environment.pass([first]) { try environment.replicas() == 5 }
        #expect(environment.elapsed - secondScaling == .seconds(300))
        let status = try environment.status()
        #expect(status["lastOutsideChangeTime"] == nil)
        try await first.stop()
        try expectOnePatchPerDecision(environment, [first, second])
    }
}
