import HTTPTransport
import ServiceLifecycle
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Events", .timeLimit(.minutes(5)))
struct EventTests {
    private static func event(_ note: String = "2 -> 3", object: String = "web", reason: String = "Scaled")
        -> ObjectEvent
    {
        ObjectEvent(
            regarding: ObjectReference(
                apiVersion: "example.com/v1", kind: "Sample", key: ObjectKey(namespace: "shop", name: object),
                uid: "u"),
            severity: .normal, reason: reason, action: "Scale", note: note)
    }

    private static let minute: Int64 = 60_000_000

    // MARK: Aggregation

    @Test("equal events increase the count of the first one, and other events are separate")
    func series() {
        var aggregator = EventAggregator()
        #expect(aggregator.add(Self.event(), at: 255) == .create(name: "web.ff"))
        #expect(aggregator.add(Self.event(), at: 300) == .countUp(name: "web.ff", count: 2, lastObserved: 300))
        #expect(aggregator.add(Self.event("3 -> 4"), at: 300) == .create(name: "web.12c"))
        #expect(aggregator.add(Self.event(reason: "Held"), at: 300) == .create(name: "web.12d"))
        #expect(aggregator.add(Self.event(object: "api"), at: 300) == .create(name: "api.12e"))
        #expect(aggregator.add(Self.event(), at: 400) == .countUp(name: "web.ff", count: 3, lastObserved: 400))
    }

    @Test("the text of an event is not kept in memory")
    func text() {
        var aggregator = EventAggregator()
        _ = aggregator.add(Self.event("a note"), at: 0)
        var kept = ""
        dump(aggregator, to: &kept)
        #expect(kept.contains("web.1"))
        #expect(!kept.contains("a note"))
    }

    @Test("a series of events ends after six minutes without another event")
    func seriesEnd() {
        var aggregator = EventAggregator()
        #expect(aggregator.add(Self.event(), at: 0) == .create(name: "web.1"))
        #expect(
            aggregator.add(Self.event(), at: 6 * Self.minute)
                == .countUp(name: "web.1", count: 2, lastObserved: 360_000_000))
        let late = 12 * Self.minute + 1
        #expect(aggregator.add(Self.event(), at: late) == .create(name: "web.\(String(late, radix: 16))"))
    }

    @Test("events of one object are limited to a burst of 25 and one per five minutes")
    func rateLimit() {
        var aggregator = EventAggregator()
        #expect(aggregator.add(Self.event(), at: 0) == .create(name: "web.1"))
        for count in 2...25 {
            #expect(aggregator.add(Self.event(), at: 1) == .countUp(name: "web.1", count: count, lastObserved: 1))
        }
        #expect(aggregator.add(Self.event(), at: 2) == .hold)
        #expect(aggregator.add(Self.event("new"), at: 2) == .drop)
        #expect(aggregator.add(Self.event(object: "api"), at: 2) != .drop)
        #expect(
            aggregator.add(Self.event(), at: 5 * Self.minute + 2)
                == .countUp(name: "web.1", count: 27, lastObserved: 5 * Self.minute + 2))
        #expect(aggregator.add(Self.event(), at: 5 * Self.minute + 3) == .hold)
    }

    @Test("the event memory is bounded and keeps the newest")
    func memory() {
        var aggregator = EventAggregator()
        for index in 0..<10_000 {
            _ = aggregator.add(Self.event(object: "o\(index)"), at: Int64(index))
        }
        guard case .countUp(_, 2, _) = aggregator.add(Self.event(object: "o9999"), at: 10_000) else {
            Issue.record("the newest is forgotten")
            return
        }
        guard case .create = aggregator.add(Self.event(object: "o0"), at: 10_000) else {
            Issue.record("the oldest is remembered")
            return
        }
    }

    @Test("the event series of a deleted object are dropped, and a new object of that name starts without series")
    func gone() {
        var aggregator = EventAggregator()
        for index in 0..<30 { _ = aggregator.add(Self.event("note \(index)"), at: 7) }
        #expect(aggregator.add(Self.event(), at: 8) == .drop)
        _ = aggregator.add(Self.event(object: "api"), at: 9)
        let web = Self.event().regarding
        aggregator.forget(ObjectReference(apiVersion: web.apiVersion, kind: web.kind, key: web.key))
        #expect(aggregator.objectCount == 1)
        #expect(aggregator.add(Self.event("note 1"), at: 10) != .drop)
    }

    @Test("an object without current event series is dropped even if its deletion was not reported")
    func nothingLeft() {
        var aggregator = EventAggregator()
        for index in 0..<25 { _ = aggregator.add(Self.event("note \(index)"), at: 3) }
        _ = aggregator.add(Self.event(object: "api"), at: 10 * Self.minute)
        #expect(aggregator.objectCount == 2)
        // 25 tokens take five minutes each.
        _ = aggregator.add(Self.event(object: "api"), at: 125 * Self.minute + 2)
        #expect(aggregator.objectCount == 2)
        _ = aggregator.add(Self.event(object: "api"), at: 132 * Self.minute)
        #expect(aggregator.objectCount == 1)
    }

    @Test("event names are valid for the API server, also for objects with the longest names")
    func names() throws {
        var aggregator = EventAggregator()
        let object = String(repeating: "a", count: 200) + "." + String(repeating: "-b", count: 26)
        guard case .create(let name) = aggregator.add(Self.event(object: object), at: 1_767_225_600_000_000) else {
            Issue.record("no event")
            return
        }
        #expect(name.utf8.count <= 253)
        #expect(try #require(name.wholeMatch(of: /[a-z0-9]([-a-z0-9.]*[a-z0-9])?\.[0-9a-f]+/)).0 == name)
    }

    @Test("notes, reasons and actions of events are truncated between characters")
    func cut() {
        let long = Self.event(String(repeating: "é🧪", count: 400), reason: String(repeating: "R", count: 200))
        #expect(long.note.utf8.count <= 1_024)
        #expect(long.note.utf8.count > 1_015)
        #expect(long.note.hasSuffix("…"))
        #expect(!long.note.contains("\u{FFFD}"))
        #expect(long.reason.utf8.count <= 128)
        let exact = String(repeating: "x", count: 1_024)
        #expect(Self.event(exact).note == exact)
    }

    // MARK: Recording

    private func withRecorder(
        _ fixture: Fixture, _ body: (EventRecorder) async throws -> Void
    ) async throws {
        let recorder = EventRecorder(
            client: fixture.client, controller: "generalscaler.example.com/operator", instance: "op-1",
            logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let service: any Service = recorder
            group.addTask { try await service.run() }
            try await body(recorder)
            group.cancelAll()
        }
    }

    @Test("an event is created with all required fields, then its count is increased")
    func record() async throws {
        let fixture = Fixture()
        try await withRecorder(fixture) { recorder in
            recorder.record(Self.event())
            let create = try await fixture.server.next()
            #expect(create.line == "POST /apis/events.k8s.io/v1/namespaces/shop/events?fieldManager=generalscaler")
            let name = "web.\(String(fixture.clock.wallMicroseconds(), radix: 16))"
            #expect(
                create.body == [
                    "apiVersion": "events.k8s.io/v1", "kind": "Event",
                    "metadata": ["name": .string(name), "namespace": "shop"],
                    "eventTime": "2026-01-01T00:00:00.000000Z",
                    "reportingController": "generalscaler.example.com/operator", "reportingInstance": "op-1",
                    "regarding": [
                        "apiVersion": "example.com/v1", "kind": "Sample", "namespace": "shop", "name": "web",
                        "uid": "u",
                    ],
                    "type": "Normal", "reason": "Scaled", "action": "Scale", "note": "2 -> 3",
                ])
            create.answer(201, [:])
            fixture.clock.advance(by: .seconds(60))
            recorder.record(Self.event())
            let patch = try await fixture.server.next()
            #expect(
                patch.line
                    == "PATCH /apis/events.k8s.io/v1/namespaces/shop/events/\(name)?fieldManager=generalscaler")
            #expect(
                patch.body == ["series": ["count": 2, "lastObservedTime": "2026-01-01T00:01:00.000000Z"]])
            patch.answer([:])
            #expect(recorder.droppedCount == 0)
        }
    }

    @Test("a series whose Event the server has deleted starts a new Event")
    func forgotten() async throws {
        let fixture = Fixture()
        try await withRecorder(fixture) { recorder in
            recorder.record(Self.event())
            try await fixture.server.next().answer(201, [:])
            recorder.record(Self.event())
            try await fixture.server.next().answer(404, status(404, "NotFound"))
            let again = try await fixture.server.next()
            #expect(again.request.method == "POST")
            again.answer(201, [:])
            #expect(recorder.droppedCount == 0)
        }
    }

    @Test("an event is retried after a server error, and one that was created nevertheless counts as sent")
    func retries() async throws {
        let fixture = Fixture()
        try await withRecorder(fixture) { recorder in
            recorder.record(Self.event())
            try await fixture.server.next().fail(.connectionLost)
            try await fixture.clock.sleepers()
            fixture.clock.advanceToNextSleeper()
            try await fixture.server.next().answer(409, status(409, "AlreadyExists"))
            recorder.record(Self.event())
            #expect(try await fixture.server.next().request.method == "PATCH")
            #expect(recorder.droppedCount == 0)
        }
    }

    @Test("an event that is refused is dropped and counted, and the next one is sent")
    func refused() async throws {
        let fixture = Fixture()
        try await withRecorder(fixture) { recorder in
            recorder.record(Self.event())
            try await fixture.server.next().answer(403, status(403, "Forbidden"))
            recorder.record(Self.event())
            let next = try await fixture.server.next()
            #expect(next.request.method == "POST")
            #expect(recorder.droppedCount == 1)
        }
    }

    @Test("events of a deleted object are still sent, and are not counted with equal events of its successor")
    func forgottenObject() async throws {
        let fixture = Fixture()
        try await withRecorder(fixture) { recorder in
            recorder.record(Self.event())
            recorder.forget(Self.event().regarding)
            recorder.record(Self.event())
            for _ in 0..<2 {
                let exchange = try await fixture.server.next()
                #expect(exchange.request.method == "POST")
                exchange.answer(201, [:])
            }
            #expect(recorder.droppedCount == 0)
        }
    }

    @Test("queued events are sent at shutdown for as long as the server answers within two seconds")
    func flush() async throws {
        let fixture = Fixture()
        let recorder = EventRecorder(
            client: fixture.client, controller: "c", instance: "i", logger: .silent)
        for note in ["1", "2", "3"] { recorder.record(Self.event(note)) }
        let group = ServiceGroup(services: [recorder], logger: .silent)
        async let running: Void = group.run()
        let first = try await fixture.server.next()
        await group.triggerGracefulShutdown()
        try await fixture.clock.sleeper(dueIn: .seconds(2))
        recorder.record(Self.event("too late"))
        #expect(recorder.droppedCount == 1)
        first.answer(201, [:])
        let second = try await fixture.server.next()
        #expect(second.body?["note"] == "2")
        fixture.clock.advance(by: .seconds(2))
        try await running
    }

    @Test("a full event queue drops and counts events and never waits")
    func fullQueue() {
        let fixture = Fixture()
        let recorder = EventRecorder(
            client: fixture.client, controller: "c", instance: "i", logger: .silent)
        for index in 0..<1_250 { recorder.record(Self.event("\(index)")) }
        #expect(recorder.droppedCount == 250)
    }
}
