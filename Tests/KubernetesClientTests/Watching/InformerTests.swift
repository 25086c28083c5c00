import HTTPTransport
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("An informer", .timeLimit(.minutes(5)))
struct InformerTests {
    /// A running informer, its events, and the server's end.
    private struct Running {
        let informer: Informer<Int>
        let server: FakeServer
        let clock: ManualClock
        fileprivate let told: AsyncStream<String>

        /// Returns the next events, that many.
        func events(_ count: Int) async -> [String] {
            var events: [String] = []
            var iterator = told.makeAsyncIterator()
            while events.count < count, let event = await iterator.next() { events.append(event) }
            return events
        }

        /// Waits for the informer's pause of that length, and advances the time.
        func pause(_ duration: Duration) async throws {
            try await clock.sleeper(dueIn: duration)
            clock.advance(by: duration)
        }

        /// Answers the first list and returns the watch that follows.
        func synced(_ items: JSON...) async throws -> (watch: FakeServer.Exchange, body: FakeBody) {
            try await server.next().answer(
                ["metadata": ["resourceVersion": "10"], "items": .array(items)])
            #expect(await events(items.count + 1).last == "synced")
            let watch = try await server.next()
            return (watch, watch.stream())
        }
    }

    private func withInformer(
        _ scope: WatchScope = .allNamespaces, _ selection: Selection = Selection(),
        _ body: (Running) async throws -> Void
    ) async throws {
        let fixture = Fixture()
        let (told, tell) = AsyncStream<String>.makeStream()
        let informer = Informer(
            client: fixture.client, kind: .sample, scope: scope, selection: selection, logger: .silent,
            decode: decodeSize, handle: { tell.yield($0.summary) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            let service: any Service = informer
            group.addTask { try await service.run() }
            try await body(
                Running(informer: informer, server: fixture.server, clock: fixture.clock, told: told))
            group.cancelAll()
        }
    }

    @Test("an informer lists in pages, then watches from the list's version, with bookmarks")
    func listAndWatch() async throws {
        try await withInformer(.allNamespaces, Selection(labels: "a=b")) { running in
            let first = try await running.server.next()
            #expect(first.line == "GET /apis/example.com/v1/samples?labelSelector=a%3Db&limit=500")
            #expect(!running.informer.hasSynced)
            first.answer(samples(version: 10, next: "more", sample("a", version: 1)))
            let second = try await running.server.next()
            #expect(second.line.hasSuffix("&continue=more"))
            second.answer(samples(version: 10, sample("b", version: 2, size: 2)))
            #expect(await running.events(3) == ["added a 1", "added b 2", "synced"])
            #expect(running.informer.hasSynced)

            let watch = try await running.server.next()
            #expect(
                watch.line == "GET /apis/example.com/v1/samples?labelSelector=a%3Db&watch=1&resourceVersion=10"
                    + "&timeoutSeconds=450&allowWatchBookmarks=true")
            let body = watch.stream()
            body.send("ADDED", sample("c", version: 11, size: 3))
            body.send("MODIFIED", sample("a", version: 12, size: 9))
            body.send("DELETED", sample("b", version: 13, size: 2))
            #expect(await running.events(3) == ["added c 3", "updated a 1 -> 9", "deleted b 2"])
            #expect(running.informer.objects.sorted() == [3, 9])
            #expect(running.informer[ObjectKey(namespace: "shop", name: "a")] == 9)
        }
    }

    @Test("a stream that ends is reopened immediately after the last event, and a truncated line is received again")
    func resume() async throws {
        try await withInformer { running in
            let (_, first) = try await running.synced()
            first.send("ADDED", sample("a", version: 11))
            first.send("BOOKMARK", ["metadata": ["resourceVersion": "40"]])
            first.send(#"{"type":"ADDED","object":{"metadata":{"na"#)
            first.end()
            let second = try await running.server.next()
            #expect(second.line.contains("resourceVersion=40&"))
            let body = second.stream()
            body.send(#"{"type":"ADDED","object":{"metadata":{"name":"b","namesp"#)
            body.send("ace\":\"shop\",\"resourceVersion\":\"41\"},\"spec\":{\"size\":2}}}\n\n")
            #expect(await running.events(2) == ["added a 1", "added b 2"])
        }
    }

    @Test("a watch resumes with a delay after a lost connection")
    func lostConnection() async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced()
            body.send("BOOKMARK", ["metadata": ["resourceVersion": "11"]])
            body.fail(.connectionLost)
            try await running.pause(.milliseconds(600))
            #expect(try await running.server.next().line.contains("resourceVersion=11&"))
        }
    }

    @Test("a relist ends the watch, lists immediately, and returns when the list has been delivered")
    func relist() async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced(sample("a", version: 1), sample("b", version: 2))
            async let relisted: Void = running.informer.relist()
            await body.wasCancelled()
            let list = try await running.server.next()
            #expect(list.line == "GET /apis/example.com/v1/samples?limit=500")
            list.answer(samples(version: 30, sample("a", version: 25, size: 6)))
            await relisted
            #expect(running.informer.objects == [6])
            #expect(try await running.server.next().line.contains("resourceVersion=30&"))
        }
    }

    @Test("a relist does not wait for the delay after a failure")
    func relistDuringPause() async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced(sample("a", version: 1))
            body.fail(.connectionLost)
            try await running.clock.sleeper(dueIn: .milliseconds(600))
            async let relisted: Void = running.informer.relist()
            try await running.server.next().answer(samples(version: 12, sample("a", version: 11, size: 2)))
            await relisted
            #expect(running.informer.objects == [2])
        }
    }

    @Test("a 410 causes a new list that delivers only the changes since the last one", arguments: [true, false])
    func expired(inStream: Bool) async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced(
                sample("a", version: 1), sample("b", version: 2), sample("c", version: 3))
            if inStream {
                body.send("ERROR", status(410, "Expired", "too old resource version"))
            } else {
                body.end()
                // The watch ended immediately, so the next one follows after a pause.
                try await running.pause(.milliseconds(600))
                try await running.server.next().answer(410, status(410, "Expired"))
                try await running.pause(.milliseconds(600))
            }
            let list = try await running.server.next()
            #expect(list.line == "GET /apis/example.com/v1/samples?limit=500")
            list.answer(
                samples(
                    version: 30, sample("a", version: 1), sample("c", version: 25, size: 6),
                    sample("d", version: 26, size: 4)))
            #expect(await running.events(3) == ["updated c 1 -> 6", "added d 4", "deleted b 1"])
            #expect(try await running.server.next().line.contains("resourceVersion=30&"))
        }
    }

    @Test("a continue token that expires in the middle of a list restarts the list, and no change is lost")
    func expiredToken() async throws {
        try await withInformer { running in
            try await running.server.next().answer(samples(version: 10, next: "x", sample("a", version: 1)))
            try await running.server.next().answer(410, status(410, "Expired"))
            let again = try await running.server.next()
            #expect(again.line == "GET /apis/example.com/v1/samples?limit=500")
            again.answer(samples(version: 11, sample("b", version: 2, size: 2)))
            #expect(await running.events(4) == ["added a 1", "added b 2", "deleted a 1", "synced"])
        }
    }

    @Test("a malformed object is reported as such and affects no other object")
    func malformed() async throws {
        try await withInformer { running in
            try await running.server.next().answer(
                samples(
                    version: 10, sample("a", version: 1), sample("bad", version: 2, size: "x"), ["metadata": [:]],
                    sample("c", version: 3)))
            #expect(await running.events(4) == ["added a 1", "malformed bad", "added c 1", "synced"])
            let body = try await running.server.next().stream()
            body.send("MODIFIED", sample("a", version: 11, size: -1))
            body.send("MODIFIED", sample("c", version: 12, size: 2))
            body.send("MODIFIED", sample("bad", version: 13, size: 3))
            #expect(await running.events(3) == ["malformed a", "updated c 1 -> 2", "added bad 3"])
            #expect(running.informer.objects.sorted() == [2, 3])
            body.send("DELETED", sample("a", version: 14, size: -1))
            #expect(await running.events(1) == ["deleted a unread"])
        }
    }

    @Test(
        "a line that is not an event causes a new list",
        arguments: ["<html>\n", "{}\n", #"{"type":"ADDED"}"# + "\n", #"{"type":"WHAT","object":{}}"# + "\n"])
    func nonsense(line: String) async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced()
            body.send(line)
            await body.wasCancelled()
            try await running.pause(.milliseconds(600))
            #expect(try await running.server.next().line.contains("?limit=500"))
        }
    }

    @Test("a watch resumes after an ERROR event other than 410")
    func errorEvent() async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced()
            body.send("ERROR", status(500, "InternalError"))
            try await running.pause(.milliseconds(600))
            #expect(try await running.server.next().line.contains("watch=1&resourceVersion=10&"))
        }
    }

    @Test("a silent watch connection is closed and reopened")
    func silence() async throws {
        try await withInformer { running in
            let (_, body) = try await running.synced()
            try await running.clock.sleeper(dueIn: .seconds(120))
            body.send("ADDED", sample("a", version: 11))
            #expect(await running.events(1) == ["added a 1"])
            running.clock.advance(by: .seconds(120))
            // Data arrived in this period, and none in the next.
            try await running.pause(.seconds(120))
            await body.wasCancelled()
            try await running.pause(.milliseconds(600))
            #expect(try await running.server.next().line.contains("resourceVersion=11&"))
        }
    }

    @Test("a refused list is retried with increasing delays")
    func refusedList() async throws {
        try await withInformer { running in
            for wait in [600, 1_200] {
                try await running.server.next().answer(403, status(403, "Forbidden"))
                try await running.pause(.milliseconds(wait))
            }
            #expect(!running.informer.hasSynced)
            _ = try await running.synced(sample("a", version: 1))
        }
    }

    @Test("several namespaces are watched separately and synced together")
    func namespaces() async throws {
        try await withInformer(.namespaces(["shop", "other", "shop"])) { running in
            for _ in 0..<2 {
                let list = try await running.server.next()
                if list.line.contains("/namespaces/shop/") {
                    list.answer(samples(version: 10, sample("a", version: 1)))
                } else {
                    #expect(list.line == "GET /apis/example.com/v1/namespaces/other/samples?limit=500")
                    #expect(!running.informer.hasSynced)
                    list.answer(samples(version: 11))
                }
            }
            #expect(await running.events(2) == ["added a 1", "synced"])
            let watches = [try await running.server.next().line, try await running.server.next().line]
            #expect(watches.filter { $0.contains("/namespaces/shop/samples?watch=1&resourceVersion=10&") }.count == 1)
            #expect(watches.filter { $0.contains("/namespaces/other/samples?watch=1&resourceVersion=11&") }.count == 1)
        }
    }

    @Test("a graceful shutdown ends an informer")
    func shutdown() async throws {
        let fixture = Fixture()
        let informer = Informer(
            client: fixture.client, kind: .sample, scope: .allNamespaces, logger: .silent, decode: decodeSize,
            handle: { _ in })
        let group = ServiceGroup(services: [informer], logger: .silent)
        async let running: Void = group.run()
        try await fixture.server.next().answer(samples(version: 1))
        let body = try await fixture.server.next().stream()
        try await fixture.clock.sleeper(dueIn: .seconds(120))
        await group.triggerGracefulShutdown()
        try await running
        await body.wasCancelled()
    }

    @Test("an informer's handler may read the informer")
    func reentrantHandler() async throws {
        let fixture = Fixture()
        let (told, tell) = AsyncStream<Int>.makeStream()
        let box = Box()
        let informer = Informer(
            client: fixture.client, kind: .sample, scope: .allNamespaces, logger: .silent, decode: decodeSize,
            handle: { _ in tell.yield(box.informer?.objects.count ?? -1) })
        box.set(informer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            try await fixture.server.next().answer(samples(version: 1, sample("a", version: 1)))
            var counts = told.makeAsyncIterator()
            #expect(await counts.next() == 1)
            group.cancelAll()
        }
    }
}

/// Gives a handler access to its informer.
private final class Box: Sendable {
    private let state = Mutex<Informer<Int>?>(nil)
    var informer: Informer<Int>? { state.withLock { $0 } }
    func set(_ informer: Informer<Int>) { state.withLock { $0 = informer } }
}
