import PluginProtocol
import Testing
import WireFormats

@testable import PluginSDK

@Suite struct ServeSessionTimeTests {
    private let reading = MetricReading(value: 5, observedAtMicroseconds: 0)

    @Test("a call is answered and abandoned at its deadline, and not before")
    func callAnsweredAbandoned() throws {
        var script = SessionScript.serving()
        let call = try script.start(SessionScript.call(1, deadlineMs: 500))
        #expect(script.session.nextDeadline == script.now + .milliseconds(500))
        #expect(script.session.expire(now: script.now + .milliseconds(499)).isEmpty)
        let late = script.session.expire(now: script.now + .milliseconds(500))
        #expect(late.map(\.token) == [call.token])
        #expect(try SessionScript.message(late[0].answer).error?.kind == .deadlineExceeded)
        #expect(script.session.finish(call.token, .success(.reading(reading))) == nil)
        #expect(script.session.nextDeadline == nil)
    }

    @Test("only calls past their deadline are abandoned")
    func callsPastDeadline() throws {
        var script = SessionScript.serving(maxInFlight: 3)
        let slow = try script.start(SessionScript.call(1, deadlineMs: 900))
        let quick = try script.start(SessionScript.call(2, deadlineMs: 100))
        let answered = try script.start(SessionScript.call(3, deadlineMs: 50))
        _ = script.session.finish(answered.token, .success(.reading(reading)))
        #expect(script.session.expire(now: script.now + .milliseconds(200)).map(\.token) == [quick.token])
        #expect(script.session.nextDeadline == script.now + .milliseconds(900))
        #expect(script.session.finish(slow.token, .success(.reading(reading))) != nil)
    }

    @Test("an abandoned call frees its slot, but the number of calls that never return is bounded")
    func abandonedCallFrees() throws {
        var script = SessionScript.serving(maxInFlight: 1)
        var first: ServeSession.Call?
        for id in 1...ServeLimits.maxAbandonedCalls {
            let call = try script.start(SessionScript.call(id))
            first = first ?? call
            #expect(script.session.expire(now: script.now + .seconds(2)).map(\.token) == [call.token])
        }
        let error = try script.error(to: SessionScript.call(1_000))
        #expect(error.kind == .busy)
        #expect(error.message.contains("\(ServeLimits.maxAbandonedCalls) calls still run"))
        _ = script.session.finish(try #require(first).token, .success(.reading(reading)))
        #expect(throws: Never.self) { try script.start(SessionScript.call(1_001)) }
    }

    @Test("calls in flight may finish after the end of input")
    func callsFlightFinish() throws {
        var script = SessionScript.serving()
        let call = try script.start(SessionScript.call(1, deadlineMs: 60_000))
        script.session.endOfInput(now: script.now)
        #expect(!script.session.isOver(now: script.now))
        #expect(script.session.finish(call.token, .success(.reading(reading))) != nil)
        #expect(script.session.isOver(now: script.now))
    }

    @Test("a hanging call keeps the plugin running for less than two seconds after the end of input")
    func hangingCallKeeps() throws {
        var script = SessionScript.serving()
        _ = try script.start(SessionScript.call(1, deadlineMs: 60_000))
        script.session.endOfInput(now: script.now)
        let end = try #require(script.session.nextDeadline)
        #expect(end < script.now + ProtocolLimits.exitGrace)
        #expect(script.session.isOver(now: end))
    }
}
