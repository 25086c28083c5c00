import KubernetesClient
import Testing
import WireFormats

@testable import Operator

/// Names stand for events: times are seconds on the process's own clock.
@Suite("The lease machine")
struct LeaseMachineTests {
    private static let key = ObjectKey(namespace: "system", name: "generalscaler")

    private var machine = LeaseMachine(key: key, identity: "us", times: .standard)

    private func lease(
        _ holder: String?, renewed: Int64 = 0, duration: Int = 15, transitions: Int = 3
    ) -> Lease {
        Lease(
            key: Self.key, holder: holder, durationSeconds: duration, acquired: 0, renewed: renewed,
            transitions: transitions)
    }

    private mutating func next(
        _ outcome: LeaseMachine.Outcome, at seconds: Double, isStopping: Bool = false
    ) -> LeaseMachine.Action {
        // Wall clocks of two machines are unrelated: this one is a year behind.
        let moment = LeaseMachine.Moment(elapsed: .seconds(seconds), wall: Int64(seconds * 1e6) - 31_536_000_000_000)
        return machine.next(after: outcome, at: moment, isStopping: isStopping, random: 0.5)
    }

    /// Acquires leadership at second 0.
    private mutating func acquireLeadership() -> Lease? {
        _ = machine.start()
        guard case .create(let lease) = next(.read(nil), at: 0) else { return nil }
        _ = next(.written(lease), at: 0)
        return lease
    }

    @Test("a missing lease is created with client-go's fields")
    mutating func create() {
        #expect(machine.start() == .read)
        guard case .create(let lease) = next(.read(nil), at: 1) else {
            Issue.record("no lease was made")
            return
        }
        #expect(lease.holder == "us")
        #expect(lease.durationSeconds == 15)
        #expect(lease.transitions == 0)
        #expect(lease.acquired == lease.renewed)
        #expect(machine.tenure == nil)
        #expect(next(.written(lease), at: 2) == .wait(.seconds(2)))
        // Counted from the moment at which the write was sent.
        #expect(machine.tenure == LeaseMachine.Tenure(end: .seconds(11), leaseEnd: .seconds(16)))
    }

    @Test("a lease that another replica renews is not taken, regardless of the times in it")
    mutating func respect() {
        _ = machine.start()
        for second in stride(from: 0.0, to: 120, by: 2) {
            let action = next(.read(lease("them", renewed: Int64(second))), at: second)
            #expect(action == .wait(.seconds(2) * 1.1))
            #expect(next(.waited, at: second + 2) == .read)
        }
    }

    @Test("a lease that has not changed for its full duration is taken at that moment and not before")
    mutating func expiry() {
        _ = machine.start()
        let dead = lease("them", renewed: 9_000_000_000_000_000)
        #expect(next(.read(dead), at: 0) == .wait(.seconds(2) * 1.1))
        #expect(next(.read(dead), at: 14.5) == .wait(.seconds(0.5)))
        guard case .update(let taken) = next(.read(dead), at: 15) else {
            Issue.record("not taken")
            return
        }
        #expect(taken.holder == "us")
        #expect(taken.transitions == 4)
        #expect(taken.acquired == taken.renewed)
        // Another replica acquired it at the same moment.
        #expect(next(.conflict, at: 15) == .read)
        #expect(machine.tenure == nil)
    }

    @Test("a lease lasts for the duration that its holder wrote, not for the standby's own")
    mutating func holdersDuration() {
        _ = machine.start()
        let long = lease("them", duration: 60)
        _ = next(.read(long), at: 0)
        #expect(next(.read(long), at: 59) == .wait(.seconds(1)))
        guard case .update = next(.read(long), at: 60) else {
            Issue.record("not taken")
            return
        }
    }

    @Test("a released lease is acquired immediately", arguments: [nil, ""])
    mutating func released(holder: String?) {
        _ = machine.start()
        guard case .update(let taken) = next(.read(lease(holder, duration: 1)), at: 0) else {
            Issue.record("not taken")
            return
        }
        #expect(taken.transitions == 4)
        #expect(taken.durationSeconds == 15)
    }

    @Test("a leader renews every retry period, and leads until ten seconds after it sent its last renewal")
    mutating func renewal() throws {
        let first = try #require(acquireLeadership())
        guard case .update(let renewed) = next(.waited, at: 2) else {
            Issue.record("not renewed")
            return
        }
        #expect(renewed.transitions == first.transitions)
        #expect(renewed.acquired == first.acquired)
        #expect(renewed.renewed != first.renewed)
        #expect(next(.written(renewed), at: 3) == .wait(.seconds(2)))
        #expect(machine.tenure?.end == .seconds(12))
    }

    @Test("a leader that cannot renew retries, and stops leading five seconds before another replica may lead")
    mutating func cutOff() throws {
        _ = try #require(acquireLeadership())
        var second = 2.0
        var tries = 0
        while case .update = next(.waited, at: second) {
            tries += 1
            #expect(machine.callDeadline(at: .seconds(second)) <= .seconds(10 - second))
            guard case .wait(let wait) = next(.failed, at: second + 1) else { break }
            second += 1 + wait / .seconds(1)
        }
        #expect(tries == 3)
        #expect(second == 10)
        #expect(machine.tenure == nil)
    }

    @Test("a renewal that is answered after the end of the leadership restores no leadership; the lease is read first")
    mutating func lateAnswer() throws {
        let lease = try #require(acquireLeadership())
        guard case .update = next(.waited, at: 2) else {
            Issue.record("not renewed")
            return
        }
        // Paused for a minute in between.
        #expect(next(.written(lease), at: 62) == .read)
        #expect(machine.tenure == nil)
        _ = next(.read(self.lease("them")), at: 62)
        #expect(machine.tenure == nil)
    }

    @Test(
        "a leader reads the lease after a conflict, keeps leading after an edited label and stops after another holder")
    mutating func conflict() throws {
        let ours = try #require(acquireLeadership())
        _ = next(.waited, at: 2)
        #expect(next(.conflict, at: 2) == .read)
        guard case .update = next(.read(ours), at: 2) else {
            Issue.record("not renewed")
            return
        }
        #expect(machine.tenure != nil)
        #expect(next(.conflict, at: 3) == .read)
        #expect(next(.read(lease("them")), at: 3) == .wait(.seconds(2) * 1.1))
        #expect(machine.tenure == nil)
    }

    @Test("a leader whose lease is deleted stops leading, and the lease is created again")
    mutating func deleted() throws {
        _ = try #require(acquireLeadership())
        _ = next(.waited, at: 2)
        #expect(next(.conflict, at: 2) == .read)
        guard case .create = next(.read(nil), at: 2) else {
            Issue.record("not made")
            return
        }
        #expect(machine.tenure == nil)
    }

    @Test("a leader that stops releases the lease, as client-go does, and ends with any outcome")
    mutating func release() throws {
        let ours = try #require(acquireLeadership())
        guard case .update(let released) = next(.waited, at: 1, isStopping: true) else {
            Issue.record("not given back")
            return
        }
        #expect(machine.tenure == nil)
        #expect(released.holder == nil)
        #expect(released.durationSeconds == 1)
        #expect(released.transitions == ours.transitions)
        #expect(next(.failed, at: 1, isStopping: true) == .end)
    }

    @Test("a standby that stops ends immediately, and one that is elected while it stops releases the lease")
    mutating func stopping() {
        _ = machine.start()
        #expect(next(.read(lease("them")), at: 0, isStopping: true) == .end)
        machine = LeaseMachine(key: Self.key, identity: "us", times: .standard)
        guard case .create(let ours) = next(.read(nil), at: 0) else {
            Issue.record("not made")
            return
        }
        guard case .update(let released) = next(.written(ours), at: 0, isStopping: true) else {
            Issue.record("not given back")
            return
        }
        #expect(released.holder == nil)
        #expect(next(.written(released), at: 0, isStopping: true) == .end)
        #expect(machine.tenure == nil)
    }

    @Test(
        "lease times that are not safe are refused",
        arguments: [
            (15.0, 15.0, 2.0), (15, 10, 9), (15, 10, 0), (0, -1, -2), (15.5, 10, 2), (4_000, 10, 2), (15, 16, 2),
        ])
    func unsound(duration: Double, deadline: Double, retry: Double) {
        #expect(throws: LeaseTimes.ValidationError.self) {
            try LeaseTimes(
                duration: .seconds(duration), renewDeadline: .seconds(deadline), retryPeriod: .seconds(retry))
        }
    }
}
