import HTTPTransport
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Log levels of an informer's failures", .timeLimit(.minutes(5)))
struct WatchLogTests {
    private struct Running {
        let informer: Informer<Int>
        let server: FakeServer
        let clock: ManualClock
        let log: CapturedLog
        let failures: Failures

        func synced() async throws -> FakeBody {
            try await server.next().answer(samples(version: 10))
            return try await server.next().stream()
        }

        /// The log level for the end of the watch.
        var endOfWatch: Logger.Level {
            get async { await log.wait { $0.message.hasPrefix("watch") }.level }
        }
    }

    private func withInformer(_ body: (Running) async throws -> Void) async throws {
        let (fixture, log, failures) = (Fixture(), CapturedLog(), Failures())
        let informer = Informer(
            client: fixture.client, kind: .sample, scope: .allNamespaces, logger: log.logger, decode: decodeSize,
            handle: { _ in }, listFailed: { failures.append($0.kind) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            let service: any Service = informer
            group.addTask { try await service.run() }
            try await body(
                Running(
                    informer: informer, server: fixture.server, clock: fixture.clock, log: log, failures: failures))
            group.cancelAll()
        }
    }

    @Test("a watch timeout is not logged as a warning, whether client or server ends it")
    func timeOut() async throws {
        try await withInformer { running in
            try await running.synced().fail(.deadline)
            #expect(await running.endOfWatch == .info)
        }
        try await withInformer { running in
            try await running.synced().send("ERROR", status(504, "Timeout", "the watch took too long"))
            #expect(await running.endOfWatch == .info)
        }
        try await withInformer { running in
            let body = try await running.synced()
            try await running.clock.sleeper(dueIn: KubernetesLimits.watchSilence)
            running.clock.advance(by: KubernetesLimits.watchSilence)
            await body.wasCancelled()
            #expect(await running.endOfWatch == .info)
        }
    }

    @Test(
        "a watch connection that breaks after a while is logged as info, and one that breaks immediately as a warning")
    func brokenConnection() async throws {
        try await withInformer { running in
            let body = try await running.synced()
            try await running.clock.sleeper(dueIn: KubernetesLimits.watchSilence)
            running.clock.advance(by: .milliseconds(61_003))
            body.fail(.connectionLost)
            #expect(await running.endOfWatch == .info)
        }
        try await withInformer { running in
            try await running.synced().fail(.connectionLost)
            #expect(await running.endOfWatch == .warning)
        }
    }

    @Test("a watch that ends with a server error is logged as a warning")
    func serverError() async throws {
        try await withInformer { running in
            try await running.synced().send("ERROR", status(500, "InternalError", "etcd is gone"))
            #expect(await running.endOfWatch == .warning)
        }
    }

    @Test("a failed list is reported and kept as the last failure until a list succeeds")
    func listFailure() async throws {
        try await withInformer { running in
            #expect(running.informer.listFailure == nil)
            try await running.server.next().answer(403, status(403, "Forbidden", "no rights"))
            try await running.clock.sleeper(dueIn: .milliseconds(600))
            #expect(running.failures.all == [.forbidden])
            #expect(running.informer.listFailure?.kind == .forbidden)
            running.clock.advance(by: .milliseconds(600))
            _ = try await running.synced()
            #expect(running.informer.listFailure == nil)
            #expect(running.informer.hasSynced)
        }
    }
}

private final class Failures: Sendable {
    private let kinds = Mutex<[KubernetesError.Kind]>([])

    var all: [KubernetesError.Kind] { kinds.withLock(\.self) }

    func append(_ kind: KubernetesError.Kind) { kinds.withLock { $0.append(kind) } }
}
