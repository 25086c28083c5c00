import Foundation
import Glibc
import KubernetesClient
import NIOCore
import PluginProtocol
import ServiceLifecycle
import SystemIO
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI
@testable import Scaling

@Suite("The operator's API", .timeLimit(.minutes(5)))
struct OperatorAPITests {
    static let token = "canary-token-0123456789"
    static let paths = ["/v1/scalers", "/v1/scalers/shop/web-0", "/v1/decisions", "/v1/budgets", "/v1/events"]

    static func configuration(token: String = token) -> APIConfiguration {
        let files = FileReader { path throws(FileReader.Failure) in Array("\(token)\n".utf8) }
        return APIConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0), token: APIToken(path: "token", files: files))
    }

    /// A leader's memory of one scaler.
    static func memory() -> ScalerMemory {
        let memory = ScalerMemory()
        memory.begin(at: ScalerMemoryTests.at(0))
        ScalerMemoryTests.take(ScalerMemoryTests.decision(15, 250), 0, isChange: true, into: memory)
        return memory
    }

    /// Runs the server during the body.
    private func serve(
        _ memory: ScalerMemory, streamWriteTime: TimeAmount = APILimits.streamWriteTime,
        streamTime: Duration = APILimits.streamTime,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = OperatorAPIServer(
            configuration: Self.configuration(), streamWriteTime: streamWriteTime, streamTime: streamTime,
            answers: APIAnswers(memory: memory, time: .system, identity: "operator-1"), time: .system, logger: .silent,
            onBound: { port.yield($0) })
        let services = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let bound = try #require(await ports.first { _ in true })
            let result: Result<Void, any Error>
            do { result = .success(try await body(bound)) } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    /// Returns the head and the body of the answer to one request.
    static func ask(_ port: Int, _ path: String, token: String? = token) async throws -> (head: String, body: String) {
        let bytes = try await onThread {
            let connection = try RawConnection(port: port)
            let header = token.map { "X-GeneralScaler-Token: \($0)\r\n" } ?? ""
            connection.write("GET \(path) HTTP/1.1\r\nHost: a\r\n\(header)Connection: close\r\n\r\n")
            return connection.readToEnd()
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "\(text)")
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    @Test("a request without the right token is refused on every path, also on one that does not exist")
    func token() async throws {
        try await serve(Self.memory()) { port in
            for path in Self.paths + ["/", "/v2"] {
                for token in [nil, "", "x", Self.token + "x", String(Self.token.dropLast()) + "8"] {
                    let answer = try await Self.ask(port, path, token: token)
                    #expect(answer.head.hasPrefix("HTTP/1.1 401"), "\(path)")
                    #expect(!answer.body.contains("web-0"))
                }
            }
            #expect(try await Self.ask(port, "/v2").head.hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test("the scalers, one scaler, its decisions and readings are answered as JSON that is not stored")
    func answers() async throws {
        try await serve(Self.memory()) { port in
            let list = try await Self.ask(port, "/v1/scalers")
            #expect(list.head.hasPrefix("HTTP/1.1 200"))
            #expect(list.head.lowercased().contains("cache-control: no-store"))
            let scalers = try JSON(parsing: Data(list.body.utf8))
            #expect(scalers["operator"] == "operator-1")
            #expect(scalers["scalers"]?[0]?["name"] == "web-0")
            #expect(scalers["scalers"]?[0]?["metric"] == "250/100 each")
            #expect(scalers["scalers"]?[0]?["limit"] == "Cooldown")
            let one = try JSON(parsing: Data(try await Self.ask(port, "/v1/scalers/shop/web-0").body.utf8))
            #expect(one["metrics"]?[0]?["readings"]?[0]?[1] == 250)
            #expect(one["decisions"]?[0]?["desired"] == 3)
            #expect(one["status"]?["reason"]?.stringValue?.contains("cooldown") == true)
            #expect(try await Self.ask(port, "/v1/scalers/shop/other").head.hasPrefix("HTTP/1.1 503"))
            let decisions = try JSON(parsing: Data(try await Self.ask(port, "/v1/decisions?after=0").body.utf8))
            #expect(decisions["decisions"]?.arrayValue?.count == 1)
            #expect(try await Self.ask(port, "/v1/budgets").body.contains("\"scalers\":[]"))
        }
    }

    @Test("a row has the false conditions that are problems, and whether its forecast may add replicas")
    func problems() async throws {
        let spec = try GeneralScalerSpec.parse(
            [
                "targetDeployment": "web", "maxReplicas": 21, "policy": ["type": "slo"],
                "metrics": [["type": "prometheus", "targetValue": 100]],
                "forecast": ["mode": "Active"],
            ], unknownFields: .refused, zones: UniversalTimeOnly()
        ).get()
        let memory = ScalerMemory()
        memory.begin(at: ScalerMemoryTests.at(0))
        for (number, verdict) in [ForecastVerdict.open, .noSkill(-0.2835)].enumerated() {
            var decision = ScalerMemoryTests.decision(15, 250)
            let forecast = LoadForecast(
                load: 250, expected: 261.5, upper: 270.25, horizon: .seconds(61), pattern: .weekly, skill: 0.11,
                verdict: verdict)
            decision.forecasts = [
                ForecastRecord(
                    forecast, of: MetricSpec(name: "m0", target: 100, targetType: .averageValue), headroom: 1.1,
                    mode: .active)
            ]
            let conditions = [
                Condition(.ready, .true, "Scaling", ""), Condition(.replicasReady, .false, "ReplicasNotReady", ""),
                Condition(.scalingLimited, .false, "WithinLimits", ""), Condition(.withinBudget, .unknown, "", ""),
            ]
            memory.take(
                .decided(decision, obstacle: nil), isChange: true, of: ScalerMemoryTests.identity(number), spec: spec,
                generation: 1,
                status: ScalerStatus(
                    conditions: conditions.map {
                        RecordedCondition(condition: $0, lastTransitionTime: decision.time, observedGeneration: 1)
                    }, decision: decision), at: decision.time)
        }
        ScalerMemoryTests.take(ScalerMemoryTests.decision(15, 250), 2, into: memory)
        try await serve(memory) { port in
            let list = try JSON(parsing: Data(try await Self.ask(port, "/v1/scalers").body.utf8))
            let rows = (list["scalers"]?.arrayValue ?? []).sorted {
                ($0["name"]?.stringValue ?? "") < ($1["name"]?.stringValue ?? "")
            }
            #expect(rows.map { $0["problems"] } == [["ReplicasReady"], ["ReplicasReady"], nil])
            #expect(rows.map { $0["forecast"] } == ["Active", "Inactive", nil])
        }
    }

    @Test("an event stream ends by itself after its time, whole, so that its reader sees no error")
    func streamEnds() async throws {
        try await serve(Self.memory(), streamTime: .milliseconds(1)) { port in
            let answer = try await Self.ask(port, "/v1/events?after=0&decisions=0")
            #expect(answer.head.hasPrefix("HTTP/1.1 200"))
            #expect(answer.body.hasSuffix("0\r\n\r\n"), "\(answer.body)")
        }
    }

    @Test("a standby answers that it is not the leader")
    func standby() async throws {
        try await serve(ScalerMemory()) { port in
            let answer = try await Self.ask(port, "/v1/scalers")
            #expect(answer.head.hasPrefix("HTTP/1.1 503"))
            #expect(answer.body.contains("not the leader"))
        }
    }

    @Test("the event stream has the states after a number, and ends with the operator")
    func events() async throws {
        let memory = Self.memory()
        let connection = AsyncStream<RawConnection>.makeStream()
        try await serve(memory) { port in
            let first = try await onThread {
                let connection = try RawConnection(port: port)
                connection.write(
                    "GET /v1/events?after=0&decisions=0 HTTP/1.1\r\nHost: a\r\n"
                        + "X-GeneralScaler-Token: \(Self.token)\r\n\r\n")
                return connection
            }
            connection.continuation.yield(first)
            let text = try await onThread { first.read(until: "}\n\n") }
            #expect(text.contains("web-0"))
            #expect(text.contains("\"count\":1"))
            ScalerMemoryTests.take(ScalerMemoryTests.decision(30, 260), 1, isChange: true, into: memory)
            let next = try await onThread { first.read(until: "web-1") }
            #expect(!next.contains("web-0"))
        }
        let open = try #require(await connection.stream.first { _ in true })
        _ = try await onThread { open.readToEnd() }
    }

    @Test("a reader of the event stream that does not read is dropped, and another one gets every state in time")
    func slowReader() async throws {
        let memory = ScalerMemory()
        memory.begin(at: ScalerMemoryTests.at(0))
        // More than the buffers of a connection hold.
        let (scalers, rounds) = (2_000, 20)
        try await serve(memory, streamWriteTime: .milliseconds(50)) { port in
            func open(receiveBytes: Int32? = nil) async throws -> RawConnection {
                try await onThread {
                    let connection = try RawConnection(port: port, receiveBytes: receiveBytes)
                    connection.write(
                        "GET /v1/events?after=0&decisions=0 HTTP/1.1\r\nHost: a\r\n"
                            + "X-GeneralScaler-Token: \(Self.token)\r\n\r\n")
                    return connection
                }
            }
            let slow = try await open(receiveBytes: 4_096)
            let fast = try await open()
            for round in 1...rounds {
                let value = Double(7_000 + round)
                for number in 0..<scalers {
                    ScalerMemoryTests.take(ScalerMemoryTests.decision(Int64(round), value), number, into: memory)
                }
                _ = try await onThread { fast.read(until: "\"metric\":\"\(7_000 + round)/100 each\"") }
            }
            let text = String(decoding: try await onThread { slow.readToEnd() }, as: UTF8.self)
            #expect(text.contains("web-"))
            #expect(!text.contains("\(7_000 + rounds)/100"))
        }
    }

    @Test("idle connections beyond the bound are closed, and requests are still answered")
    func connections() async throws {
        try await serve(Self.memory()) { port in
            let count = 3 * APILimits.connections.connections + 7
            let connections = try await onThread { try (0..<count).map { _ in try RawConnection(port: port) } }
            #expect(try await Self.ask(port, "/v1/scalers").head.hasPrefix("HTTP/1.1 200"))
            try await onThread {
                RawConnection.wait(for: connections, toClose: count - APILimits.connections.connections)
            }
        }
    }

    @Test(
        "a token that is too short, has space in it or cannot be read is refused at the start",
        arguments: ["", "a b", "short"])
    func unusableToken(_ text: String) {
        #expect(throws: APIToken.Unusable.self) { try Self.configuration(token: text).token.read() }
        let missing = FileReader { path throws(FileReader.Failure) in
            throw FileReader.Failure(path: path, message: "no such file")
        }
        #expect(throws: APIToken.Unusable.self) { try APIToken(path: "token", files: missing).read() }
    }

    @Test("no answer has a metric's config or the token")
    func secrets() async throws {
        let environment = try TestEnvironment(targetType: .averageValue)
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 350 }
        try await OperatorFixture.run(environment, api: Self.configuration()) { fixture in
            try fixture.create(
                TestEnvironment.scaler(
                    "web-0", target: "web",
                    ["metrics": [["type": "test", "config": ["password": "canary-password"], "targetValue": 100]]]))
            try await fixture.poll(2)
            let port = try #require(await fixture.apiPort)
            for path in Self.paths where path != "/v1/events" {
                let answer = try await Self.ask(port, path)
                #expect(answer.head.hasPrefix("HTTP/1.1 200"), "\(path)")
                #expect(!answer.body.contains("canary"), "\(path)")
            }
            let one = try JSON(parsing: Data(try await Self.ask(port, "/v1/scalers/shop/web-0").body.utf8))
            #expect(one["scaler"]?["ready"] == "True")
            #expect(one["spec"]?["metrics"]?[0]?["targetValue"] == 100)
            #expect(one["next"]?.arrayValue?.isEmpty == false)
            #expect(one["decisions"]?.arrayValue?.isEmpty == false)
        }
    }
}

extension RawConnection {
    /// Reads until the text has come; what came after it may be returned too.
    fileprivate func read(until text: String) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.suffix(buffer.count + text.utf8.count).firstRange(of: text.utf8) == nil {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
