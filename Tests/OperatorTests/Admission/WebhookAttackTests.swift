import ClusterSimulator
import HTTPTransport
import KubernetesClient
import NIOCore
import NIOPosix
import Scaling
import Synchronization
import SystemIO
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Attacks on the webhook's port by a client other than the API server.
@Suite("Attacks on the admission webhook", .timeLimit(.minutes(5)), .serialized)
struct WebhookAttackTests {
    private struct Scene {
        let cluster: AdmissionCluster
        let client: CurlHTTPClient
        let port: Int
        let group: MultiThreadedEventLoopGroup
        let bundle: [UInt8]

        func open(tls: Bool = true) async throws -> HostileConnection {
            try await HostileConnection.open(port, tls: tls, group: group)
        }

        /// Checks that a review of the API server is answered.
        func expectServed() async throws {
            let review = AdmissionValidatorTests.review(TestEnvironment.scaler()).encoded()
            let answer = try await cluster.post(client, port, review, believing: bundle)
            #expect(answer.status == 200)
            #expect(try JSON(parsing: answer.body)["response"]?["allowed"] == true)
        }

        /// Returns the head of a review with a body of that size.
        func head(length: Int, path: String? = nil) throws -> String {
            "POST \(try path ?? cluster.path)?timeout=10s HTTP/1.1\r\nHost: webhook\r\nContent-Length: \(length)\r\n\r\n"
        }
    }

    private func attack(
        times: ReviewTimes = .patient, certificates: AdmissionConfiguration.Certificates? = nil,
        hasRight: @escaping @Sendable (AuthorRight, JSON) -> Bool? = { _, _ in nil },
        _ body: (Scene) async throws -> Void
    ) async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        await certificateManager.keep()
        let bundle = try cluster.bundle
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            try await cluster.serve(certificateManager, times: times, hasRight: hasRight) { client, port in
                try await body(
                    Scene(cluster: cluster, client: client, port: port, group: group, bundle: bundle))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await group.shutdownGracefully()
        try result.get()
    }

    @Test(
        "hundreds of connections that send nothing do not prevent the answer to a review",
        arguments: [(600, false), (160, true)])
    func idleConnections(count: Int, tls: Bool) async throws {
        try await attack { scene in
            var connections: [HostileConnection] = []
            for number in 0..<count {
                connections.append(try await scene.open(tls: tls))
                if number.isMultiple(of: 100) { try await scene.expectServed() }
            }
            try await scene.expectServed()
            // The oldest were displaced: there are at most as many open connections as allowed.
            for connection in connections.prefix(count - AdmissionLimits.connections) { await connection.closed() }
            for connection in connections { await connection.close() }
        }
    }

    @Test("a connection that does not finish its headers is closed in time, regardless of how slowly it sends")
    func drippingHeaders() async throws {
        var times = ReviewTimes.patient
        times.idle = .seconds(2)
        try await attack(times: times) { scene in
            for (tls, text) in [(false, ""), (true, ""), (true, "POST /validate HTTP/1.1\r\nHost: w"), (true, "\r\n")] {
                let connection = try await scene.open(tls: tls)
                // The time may be over already.
                if !text.isEmpty { try? await connection.send(text) }
                await connection.closed()
            }
            try await scene.expectServed()
        }
    }

    @Test("request headers above the size limit are refused")
    func largeHeaders() async throws {
        try await attack { scene in
            let connection = try await scene.open()
            let header = "X-\(String(repeating: "a", count: AdmissionLimits.headerBytes)): b\r\n"
            try? await connection.send("POST /validate HTTP/1.1\r\n\(header)")
            #expect(await connection.answer(containing: "HTTP/1.1 4")?.hasPrefix("HTTP/1.1 400") == true)
            try await scene.expectServed()
        }
    }

    @Test("a review with a body above the limit is refused by its headers, before a byte of the body")
    func largeBodies() async throws {
        try await attack { scene in
            for length in [AdmissionLimits.bodyBytes + 1, 4 << 20, Int.max] {
                for _ in 0..<16 {
                    let connection = try await scene.open()
                    try await connection.send(scene.head(length: length))
                    #expect(await connection.answer(containing: "\r\n\r\n")?.hasPrefix("HTTP/1.1 413") == true)
                }
            }
            try await scene.expectServed()
        }
    }

    @Test("a review body without a length is cut off at the size limit")
    func chunkedBody() async throws {
        try await attack { scene in
            let connection = try await scene.open()
            try await connection.send(
                "POST \(scene.cluster.path) HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n")
            let piece = String(repeating: "x", count: 1 << 16)
            for _ in 0...(AdmissionLimits.bodyBytes >> 16) + 1 {
                try? await connection.send("10000\r\n\(piece)\r\n")
            }
            #expect(await connection.answer(containing: "\r\n\r\n")?.hasPrefix("HTTP/1.1 413") == true)
            try await scene.expectServed()
        }
    }

    @Test("bodies that do not arrive lose their slot, requests that wait for one get 503, and reviews then continue")
    func drippingBodies() async throws {
        var times = ReviewTimes.patient
        times.turn = .milliseconds(300)
        times.body = .milliseconds(900)
        try await attack(times: times) { scene in
            var connections: [HostileConnection] = []
            for _ in 0..<40 {
                let connection = try await scene.open()
                try await connection.send(scene.head(length: AdmissionLimits.bodyBytes) + "{\"apiVersion\":")
                connections.append(connection)
            }
            var answers: [String: Int] = [:]
            for connection in connections {
                let answer = try #require(await connection.answer(containing: "\r\n\r\n"))
                answers[String(answer.dropFirst(9).prefix(3)), default: 0] += 1
            }
            #expect(answers["503", default: 0] > 0, "\(answers)")
            #expect(answers["408", default: 0] >= AdmissionLimits.bodiesAtOnce, "\(answers)")
            #expect(answers.count == 2, "\(answers)")
            try await scene.expectServed()
            let page = scene.cluster.page
            #expect(page.contains("generalscaler_webhook_reviews_total{verdict=\"failed\"} 40\n"), "\(page)")
        }
    }

    @Test("a request to another path gets 404 before the body is read and causes no call to the API server")
    func unknownPath() async throws {
        let asked = Mutex(0)
        let hasRight: @Sendable (AuthorRight, JSON) -> Bool? = { _, _ in
            asked.withLock { $0 += 1 }
            return false
        }
        try await attack(hasRight: hasRight) { scene in
            scene.cluster.environment.api.clearRequests()
            let path = try scene.cluster.path
            #expect(path.hasPrefix("/validate/") && path.utf8.count == 42)
            scene.cluster.environment.api.clearRequests()
            for guess in [
                "/validate", "/validate/", "/", "\(path)0", String(path.dropLast()), "\(path)/", path.uppercased(),
                "/validate/\(String(repeating: "0", count: 32))",
            ] {
                let connection = try await scene.open()
                try await connection.send(scene.head(length: 1 << 20, path: guess))
                #expect(await connection.answer(containing: "\r\n\r\n")?.hasPrefix("HTTP/1.1 404") == true)
            }
            #expect(scene.cluster.environment.api.requests.isEmpty)
            #expect(asked.withLock { $0 } == 0)
            #expect(scene.cluster.page.contains("generalscaler_webhook_reviews_total{verdict=\"failed\"} 0\n"))
        }
    }

    @Test("a review that any client can send does not reveal who may read a Secret")
    func oracle() async throws {
        let review = AdmissionValidatorTests.review(
            TestEnvironment.scaler(
                "web",
                [
                    "metrics": [
                        [
                            "type": "test", "targetValue": 1,
                            "config": ["token": ["valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]],
                        ]
                    ]
                ])
        ).encoded()
        let known = try AdmissionRequest(reading: review[...], isFromAPIServer: true)
        let forged = try AdmissionRequest(reading: review[...], isFromAPIServer: false)
        #expect(known.user?["username"] == "jane")
        #expect(forged.user == nil)
        let environment = try TestEnvironment()
        environment.source.answer { _ in 1 }
        let validator = AdmissionValidator(
            source: environment.source, scalers: { [] }, hasRight: { _, _ in false }, otherAutoscaler: { _, _ in nil },
            time: TimeSource(clock: environment.clock) { 0 })
        #expect(await validator.validate(known).warnings.contains { $0.contains("not allowed to read Secret s") })
        #expect(await validator.validate(forged).warnings.allSatisfy { !$0.contains("Secret s") })
    }

    @Test(
        "a head that two programs could read differently, and other protocols, are refused",
        arguments: [
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "POST PATH HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "POST PATH HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "POST PATH HTTP/1.1\r\nHost: w\r\nContent-Length: -1\r\n\r\n{}",
            "POST PATH HTTP/1.1\r\nHost: w\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
            "POST PATH HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            "POST PATH HTTP/1.1\r\nHost : w\r\n\r\n", "POST PATH HTTP/9.9\r\nHost: w\r\n\r\n",
            "CONNECT w:1 HTTP/1.1\r\n\r\n",
            "POST PATH HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\n[]", "\u{0}\u{0}\u{0}\u{0}\r\n\r\n",
        ])
    func ambiguousHead(text: String) async throws {
        try await attack { scene in
            let connection = try await scene.open()
            try? await connection.send(text.replacing("PATH", with: scene.cluster.path))
            let answer = await connection.answer(containing: "\r\n\r\n")
            #expect(answer?.hasPrefix("HTTP/1.1 4") ?? true, "\(answer ?? "")")
            try await scene.expectServed()
        }
    }

    @Test("a second request before the answer to the first one ends the connection")
    func pipelining() async throws {
        var times = ReviewTimes.patient
        times.request = .seconds(2)
        try await attack(times: times) { scene in
            let connection = try await scene.open()
            let head = try scene.head(length: 2)
            try await connection.send(String(repeating: head + "{}", count: 50))
            await connection.closed()
            try await scene.expectServed()
        }
    }

    @Test(
        "a new connection displaces the oldest one without a complete request, and never one that waits for its answer")
    func table() {
        var table = ReviewConnections(limit: 3)
        let closed = Mutex<[Int]>([])
        func add(_ number: Int) -> Int? {
            let (id, displaced) = table.add { closed.withLock { $0.append(number) } }
            displaced?()
            return id
        }
        let ids = (1...3).map { add($0) }
        if let first = ids[0] { table.set(first, hasWholeRequest: true) }
        let fourth = add(4)
        #expect(closed.withLock { $0 } == [2])
        for id in [ids[2], fourth].compactMap(\.self) { table.set(id, hasWholeRequest: true) }
        #expect(add(5) == nil)
        if let first = ids[0] { table.set(first, hasWholeRequest: false) }
        #expect(add(6) != nil)
        #expect(closed.withLock { $0 } == [2, 1])
        #expect(table.count == 3)
    }
}

extension ReviewTimes {
    /// Times that do not pass in a test, however busy the machine is.
    fileprivate static let patient = ReviewTimes(
        idle: .hours(1), request: .hours(1), turn: .minutes(10), body: .minutes(10))
}
