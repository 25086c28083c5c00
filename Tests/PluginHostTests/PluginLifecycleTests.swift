import TestSupport
import Testing

@testable import PluginHost

@Suite("The lifecycle of a plugin")
struct PluginLifecycleTests {
    private static let failure = PluginFailure(.crashed, plugin: "p", "plugin p ended")

    private static func end(upFor: Duration? = .seconds(7), needsRepair: Bool = false) -> PluginEnd {
        PluginEnd(failure: failure, upFor: upFor, needsRepair: needsRepair)
    }

    /// Returns a lifecycle that is up, and its run.
    private static func up() throws -> (PluginLifecycle, PluginLifecycle.Run) {
        var lifecycle = PluginLifecycle()
        let run = try required(lifecycle.begin().started)
        expect(lifecycle.handshakeCompleted(run))
        return (lifecycle, run)
    }

    private static func trial(_ lifecycle: inout PluginLifecycle) throws -> PluginLifecycle.Run {
        try required(lifecycle.beginTrial())
    }

    private static func crash(_ lifecycle: inout PluginLifecycle, _ run: PluginLifecycle.Run) throws -> Duration {
        let actions = lifecycle.ended(run, end(), now: .milliseconds(1_234), random: 0.5)
        return try #require(actions.backoff).until
    }

    @Test("a plugin whose process ends is restarted when its backoff is over, and not before")
    func restart() throws {
        var (lifecycle, run) = try Self.up()
        let until = try Self.crash(&lifecycle, run)
        #expect(lifecycle.phase == .waiting(until: until, isBroken: false, successor: nil))
        #expect(until > .milliseconds(1_234))
        #expect(!lifecycle.isReliable)
        #expect(lifecycle.current == nil)
        expect(lifecycle.waitEnded(until - .nanoseconds(1)).isEmpty)
        let second = try required(lifecycle.waitEnded(until).started)
        #expect(lifecycle.phase == .starting(second, isRestart: true))
        #expect(!lifecycle.isReliable)
        #expect(lifecycle.restarts == 1)
        expect(lifecycle.handshakeCompleted(second))
        #expect(lifecycle.isReliable)
    }

    @Test("a resting plugin is started by its next use, even if its old process has not ended")
    func rest() throws {
        var (lifecycle, run) = try Self.up()
        expect(lifecycle.rest().retired == run)
        expect(lifecycle.rest().isEmpty)
        #expect(lifecycle.isReliable)
        let second = try required(lifecycle.use().started)
        expect(lifecycle.use().isEmpty)
        expect(lifecycle.ended(run, Self.end(), now: .zero, random: 0).isEmpty)
        #expect(lifecycle.current == second)
        #expect(lifecycle.restarts == 0)
    }

    @Test("a new version that is accepted takes over the calls, and the old run is retired")
    func accepted() throws {
        var (lifecycle, run) = try Self.up()
        let successor = try Self.trial(&lifecycle)
        expect(lifecycle.beginTrial() == nil)
        expect(lifecycle.rest().isEmpty)
        expect(!lifecycle.handshakeCompleted(successor))
        #expect(lifecycle.current == run)
        expect(lifecycle.accept(successor)?.retired == run)
        #expect(lifecycle.current == successor)
        #expect(lifecycle.swaps == 1)
        expect(lifecycle.accept(successor) == nil)
    }

    @Test("a refused new version is stopped, and the old one continues")
    func refused() throws {
        var (lifecycle, run) = try Self.up()
        let successor = try Self.trial(&lifecycle)
        expect(lifecycle.refuse(successor).stopped == [successor])
        #expect(lifecycle.phase == .up(run))
        expect(lifecycle.ended(successor, Self.end(), now: .zero, random: 0).isEmpty)
        #expect(lifecycle.phase == .up(run))
        expect(lifecycle.refuse(successor).isEmpty)
    }

    @Test("a new version replaces a process that ended during the trial, without a backoff")
    func acceptedWhileWaiting() throws {
        var (lifecycle, run) = try Self.up()
        let successor = try Self.trial(&lifecycle)
        let until = try Self.crash(&lifecycle, run)
        #expect(lifecycle.phase == .waiting(until: until, isBroken: false, successor: successor))
        expect(lifecycle.accept(successor)?.cancelsWait == true)
        expect(lifecycle.waitEnded(until).isEmpty)
        #expect(lifecycle.phase == .up(successor))
    }

    @Test("a new version does not replace a plugin that was restarted during the trial")
    func restartedMeanwhile() throws {
        var (lifecycle, run) = try Self.up()
        let successor = try Self.trial(&lifecycle)
        let second = try required(lifecycle.waitEnded(try Self.crash(&lifecycle, run)).started)
        expect(lifecycle.accept(successor) == nil)
        expect(lifecycle.refuse(successor).stopped == [successor])
        #expect(lifecycle.current == second)
    }

    @Test("the need for a repair lasts from the exit that shows it to the next handshake")
    func repair() throws {
        var (lifecycle, run) = try Self.up()
        let actions = lifecycle.ended(run, Self.end(upFor: nil, needsRepair: true), now: .zero, random: 0.9)
        #expect(lifecycle.needsRepair)
        let second = try required(lifecycle.waitEnded(try required(actions.backoff).until).started)
        #expect(lifecycle.needsRepair)
        expect(lifecycle.handshakeCompleted(second))
        #expect(!lifecycle.needsRepair)
    }

    @Test("a plugin that is stopped ends when its last process has ended, and is not started again")
    func stop() throws {
        var (lifecycle, run) = try Self.up()
        let successor = try Self.trial(&lifecycle)
        expect(Set(lifecycle.stop().stopped) == [run, successor])
        expect(lifecycle.stop().isEmpty)
        expect(lifecycle.accept(successor) == nil)
        expect(!lifecycle.ended(run, Self.end(), now: .zero, random: 0).isEnd)
        #expect(lifecycle.phase == .stopping)
        expect(lifecycle.ended(successor, Self.end(), now: .zero, random: 0).isEnd)
        #expect(lifecycle.phase == .stopped)
        expect(lifecycle.use().isEmpty && lifecycle.begin().isEmpty)
    }

    @Test("a plugin in backoff or at rest can be stopped", arguments: [true, false])
    func stopWithoutRun(rests: Bool) throws {
        var (lifecycle, run) = try Self.up()
        if rests {
            _ = lifecycle.rest()
            _ = lifecycle.ended(run, Self.end(), now: .zero, random: 0)
        } else {
            _ = try Self.crash(&lifecycle, run)
        }
        let actions = lifecycle.stop()
        #expect(actions.isEnd && actions.cancelsWait)
        #expect(lifecycle.phase == .stopped)
    }

    @Test(
        "after any sequence of events the current run is open, and a stopped plugin starts no process",
        arguments: 0..<50)
    func anySequence(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var lifecycle = PluginLifecycle()
        var now = Duration.zero
        var waits: [Duration] = []
        var trials: [PluginLifecycle.Run] = []
        for _ in 0..<400 {
            now += .milliseconds(Int.random(in: 0...40_000, using: &random))
            let wasStopping = lifecycle.isStopping
            var actions: [PluginLifecycle.Action] = []
            let someRun = lifecycle.open.randomElement(using: &random)
            switch Int.random(in: 0...300, using: &random) {
            case 0: actions = lifecycle.stop()
            case ..<40: actions = lifecycle.begin() + lifecycle.use()
            case ..<100: if let someRun { _ = lifecycle.handshakeCompleted(someRun) }
            case ..<130: actions = lifecycle.rest()
            case ..<170: if let run = lifecycle.beginTrial() { trials.append(run) }
            case ..<190: if let run = trials.popLast() { actions = lifecycle.accept(run) ?? lifecycle.refuse(run) }
            case ..<200: if let run = trials.popLast() { actions = lifecycle.refuse(run) }
            case ..<250: if let wait = waits.popLast() { actions = lifecycle.waitEnded(wait) }
            default:
                guard let someRun else { continue }
                actions = lifecycle.ended(someRun, Self.end(), now: now, random: 0.3)
            }
            if let backoff = actions.backoff { waits.append(backoff.until) }
            if let current = lifecycle.current { #expect(lifecycle.open.contains(current)) }
            if let started = actions.started { #expect(!wasStopping && lifecycle.current == started) }
            #expect((lifecycle.phase == .stopped) == (lifecycle.isStopping && lifecycle.open.isEmpty))
        }
    }
}

extension [PluginLifecycle.Action] {
    fileprivate var started: PluginLifecycle.Run? { first { if case .start(let run) = $0 { run } else { nil } } }
    fileprivate var retired: PluginLifecycle.Run? { first { if case .retire(let run) = $0 { run } else { nil } } }
    fileprivate var stopped: [PluginLifecycle.Run] { compactMap { if case .stop(let run) = $0 { run } else { nil } } }
    fileprivate var backoff: PluginLifecycle.Backoff? {
        first { if case .wait(let backoff) = $0 { backoff } else { nil } }
    }
    fileprivate var cancelsWait: Bool { first { if case .cancelWait = $0 { true } else { nil } } ?? false }
    fileprivate var isEnd: Bool { first { if case .end = $0 { true } else { nil } } ?? false }

    private func first<Value>(_ value: (PluginLifecycle.Action) -> Value?) -> Value? {
        lazy.compactMap(value).first
    }
}

/// Expects the result of a mutating call, which the macro cannot evaluate.
private func expect(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}

private func required<Value>(_ value: Value?, sourceLocation: SourceLocation = #_sourceLocation) throws -> Value {
    try #require(value, sourceLocation: sourceLocation)
}
