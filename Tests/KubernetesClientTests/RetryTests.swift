import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Retries", .timeLimit(.minutes(5)))
struct RetryTests {
    private let fixture = Fixture()

    @Test("the Retry-After delay of a busy server is respected, for writes too", arguments: [429, 503])
    func retryAfter(code: Int) async throws {
        async let object = fixture.client.mergePatch(.sample, .web, [:])
        try await fixture.server.next().answer(
            code, headers: [HTTPHeader("retry-after", "3")], status(code, "TooManyRequests"))
        try await fixture.clock.sleepers()
        #expect(fixture.clock.nextWake == .seconds(3))
        fixture.clock.advance(by: .seconds(3))
        let second = try await fixture.server.next()
        #expect(second.request.timeout == .seconds(27))
        second.answer(sample("web", version: 1))
        #expect(try await object["kind"] == "Sample")
    }

    @Test("a Retry-After delay beyond the call's deadline fails the call immediately")
    func retryAfterTooLong() async throws {
        async let result = Result { try await fixture.client.get(.sample, .web) }
        try await fixture.server.next().answer(429, headers: [HTTPHeader("Retry-After", "60")], text: "slow down")
        let error = try #require(await result.failure as? KubernetesError)
        #expect(error.kind == .tooManyRequests)
        #expect(error.retryAfter == .seconds(60))
    }

    @Test("a server that always asks to wait gets at most eleven requests")
    func serverDelaysAreBounded() async throws {
        async let result = Result { try await fixture.client.get(.sample, .web) }
        for attempt in 0...10 {
            try await fixture.server.next().answer(429, headers: [HTTPHeader("Retry-After", "1")], text: "")
            guard attempt < 10 else { break }
            try await fixture.clock.sleepers()
            fixture.clock.advance(by: .seconds(1))
        }
        #expect(try #require(await result.failure as? KubernetesError).kind == .tooManyRequests)
    }

    @Test("a read is retried four times with growing delays")
    func reads() async throws {
        async let result = Result { try await fixture.client.get(.sample, .web) }
        var pauses: [Duration] = []
        for attempt in 0...4 {
            let call = try await fixture.server.next()
            if attempt.isMultiple(of: 2) { call.answer(500, text: "") } else { call.fail(.connectionLost) }
            guard attempt < 4 else { break }
            try await fixture.clock.sleepers()
            pauses.append(try #require(fixture.clock.nextWake))
            fixture.clock.advanceToNextSleeper()
        }
        #expect(pauses == [.milliseconds(150), .milliseconds(300), .milliseconds(600), .milliseconds(1200)])
        #expect(try #require(await result.failure as? KubernetesError).kind == .serverError)
    }

    @Test("a write with an unknown outcome is not retried", arguments: [HTTPError.Kind.connectionLost, .deadline])
    func writes(failure: HTTPError.Kind) async throws {
        async let result = Result { try await fixture.client.mergePatch(.sample, .web, [:]) }
        try await fixture.server.next().fail(failure)
        let error = try #require(await result.failure as? KubernetesError)
        #expect(error.kind == (failure == .deadline ? .timeout : .unreachable))
    }

    @Test("a client error is not retried", arguments: [400, 403, 404, 409, 410, 422])
    func refusals(code: Int) async throws {
        async let result = Result { try await fixture.client.get(.sample, .web) }
        try await fixture.server.next().answer(code, status(code, ""))
        #expect(try #require(await result.failure as? KubernetesError).status == code)
    }

    @Test("cancelling a call ends the wait for its next attempt")
    func cancelled() async throws {
        let task = Task { await Result { try await fixture.client.get(.sample, .web) } }
        try await fixture.server.next().answer(500, text: "")
        try await fixture.clock.sleepers()
        task.cancel()
        #expect(try #require(await task.value.failure as? KubernetesError).kind == .cancelled)
    }

    @Test("a fixed token that is refused is not sent again")
    func fixedToken() async throws {
        let fixture = Fixture(credentials: .token(SecretString("old")))
        async let result = Result { try await fixture.client.get(.sample, .web) }
        try await fixture.server.next().answer(401, status(401, "Unauthorized"))
        #expect(try #require(await result.failure as? KubernetesError).kind == .unauthorized)
    }

    @Test("a refused token is read again from its file once")
    func rotatedToken() async throws {
        let token = Mutex("one")
        let files = FileReader { _ throws(FileReader.Failure) in Array(token.withLock { $0 }.utf8) }
        let fixture = Fixture(credentials: .tokenFile("/token"), files: files)
        async let result = Result { try await fixture.client.get(.sample, .web) }
        let first = try await fixture.server.next()
        #expect(first.header("Authorization") == "Bearer one")
        token.withLock { $0 = "two\n" }
        first.answer(401, status(401, "Unauthorized"))
        let second = try await fixture.server.next()
        #expect(second.header("Authorization") == "Bearer two")
        second.answer(401, status(401, "Unauthorized"))
        #expect(try #require(await result.failure as? KubernetesError).kind == .unauthorized)
    }

    @Test("the time that a credential takes does not count toward the call's deadline")
    func slowCredential() async throws {
        let clock = ManualClock()
        let commands = CommandRunner { _ throws(CommandRunner.Failure) in
            clock.advance(by: .seconds(40))
            let answer = #"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}"#
            return .init(status: 0, standardOutput: Array(answer.utf8), standardError: [])
        }
        let plugin = ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: "login", environment: [:])
        let slow = Fixture(clock: clock, credentials: .exec(plugin), commands: commands)
        async let object = slow.client.get(.sample, .web)
        let call = try await slow.server.next()
        #expect(call.request.timeout == .seconds(30))
        call.answer(sample("web", version: 1))
        _ = try await object
    }
}
