package import KubernetesClient
import ScalerAPI

/// Decides how to acquire, renew and release a lease that several replicas compete for. Pure: a shell performs each
/// ``Action`` and reports its outcome.
///
/// ```
///             +---------------- another replica holds it: wait -----------------+
///             v                                                                 |
///   start -> read -- no holder, own lease, or expired ----------> write -- 409 -+
///             ^                                                     | ok
///             |  409, or not renewed in time                        v
///             +------------------------------------- leading: wait, write, ... -- stop --> write (released)
/// ```
///
/// - Times are those of one clock of this process that does not jump. Times that other clocks wrote into the lease are
///   never compared: a lease has expired if this process has seen no change of it for the lease's duration.
/// - A leader leads until ``LeaseTimes/renewDeadline`` after it *sent* its last renewal, even if no answer has come.
///   After a pause of the process, the clock shows that it is no longer the leader.
///
/// The fields are client-go's (`tools/leaderelection`), so that tools for it can read this lease.
package struct LeaseMachine: Sendable {
    package enum Action: Sendable, Hashable {
        case read
        case create(Lease)
        case update(Lease)
        /// Waits for that duration, or until the lease changes.
        case wait(Duration)
        case end
    }

    package enum Outcome: Sendable {
        /// The lease; nil if it does not exist.
        case read(Lease?)
        case written(Lease)
        /// Conflict (409): the lease has changed since it was read, or already exists.
        case conflict
        /// No response, or one without information about the lease.
        case failed
        case waited
    }

    /// The current time on two clocks.
    package struct Moment: Sendable {
        /// The time on a clock that does not jump.
        package let elapsed: Duration
        /// Microseconds since 1970, written into the lease for users.
        package let wall: Int64

        package init(elapsed: Duration, wall: Int64) {
            self.elapsed = elapsed
            self.wall = wall
        }
    }

    /// The period for which this process is the leader.
    package struct Tenure: Sendable, Hashable {
        /// After this time, no new operation may begin.
        package let end: Duration
        /// After this time, another replica may lead.
        package let leaseEnd: Duration
    }

    /// Avoids that standbys write simultaneously. As client-go.
    static let longestJitter = 1.2

    /// The part of a lease that changes with every renewal.
    private struct Record: Hashable {
        let holder: String?
        let durationSeconds: Int
        let acquired: Int64?
        let renewed: Int64?
        let transitions: Int

        init(_ lease: Lease) {
            holder = lease.holder
            durationSeconds = lease.durationSeconds
            acquired = lease.acquired
            renewed = lease.renewed
            transitions = lease.transitions
        }
    }

    private let key: ObjectKey
    private let identity: String
    private let times: LeaseTimes
    /// The lease as last read or written.
    private var lease: Lease?
    /// The lease's last observed record, and when it was first seen.
    private var seen: (record: Record, at: Duration)?
    private var sentAt: Duration = .zero
    private var isReleasing = false
    /// The tenure; nil unless this process is the leader.
    package private(set) var tenure: Tenure?

    /// - Parameter identity: unique among all processes, including past ones.
    package init(key: ObjectKey, identity: String, times: LeaseTimes) {
        self.key = key
        self.identity = identity
        self.times = times
    }

    /// The holder of the lease, as far as known.
    package var holder: String? { lease?.holder }

    package func start() -> Action { .read }

    /// Returns the deadline of a call about the lease, which leaves time for a second one and does not exceed the
    /// tenure.
    package func callDeadline(at now: Duration) -> Duration {
        let half = times.renewDeadline / 2
        guard let tenure else { return half }
        return max(.milliseconds(1), min(half, tenure.end - now))
    }

    /// - Parameters:
    ///   - isStopping: whether the process is about to exit and has stopped all leader activity.
    ///   - random: uniform in 0..<1.
    package mutating func next(
        after outcome: Outcome, at now: Moment, isStopping: Bool, random: Double
    ) -> Action {
        learn(from: outcome, at: now.elapsed)
        if let tenure, now.elapsed >= tenure.end { self.tenure = nil }
        if isStopping { return stop(at: now) }
        if tenure != nil { return lead(after: outcome, at: now) }
        return stand(by: outcome, at: now, random: random)
    }

    private mutating func learn(from outcome: Outcome, at now: Duration) {
        switch outcome {
        case .read(let lease): observe(lease, at: now)
        case .written(let lease):
            observe(lease, at: now)
            guard !isReleasing else { return }
            tenure = Tenure(end: sentAt + times.renewDeadline, leaseEnd: sentAt + times.duration)
        case .conflict, .failed, .waited: break
        }
        // Another replica holds the lease unexpectedly, for example after an administrator's edit.
        if case .read = outcome, holder != identity { tenure = nil }
    }

    private mutating func observe(_ lease: Lease?, at now: Duration) {
        self.lease = lease
        let record = lease.map(Record.init)
        if let record, record != seen?.record { seen = (record, now) }
        if record == nil { seen = nil }
    }

    // MARK: What comes next

    private mutating func lead(after outcome: Outcome, at now: Moment) -> Action {
        switch outcome {
        case .waited, .read: return write(holder: identity, at: now)
        // Another client changed the lease: read it to find the holder.
        case .conflict: return .read
        case .written, .failed:
            let end = tenure?.end ?? now.elapsed
            return .wait(min(times.retryPeriod, end - now.elapsed))
        }
    }

    private mutating func stand(by outcome: Outcome, at now: Moment, random: Double) -> Action {
        let patience = times.retryPeriod * (1 + random * (Self.longestJitter - 1))
        switch outcome {
        case .read:
            let rest = timeUntilFree(at: now.elapsed)
            return rest > .zero ? .wait(min(rest, patience)) : write(holder: identity, at: now)
        // The response to a renewal arrived too late: another replica may hold the lease now.
        case .waited, .conflict, .written: return .read
        case .failed: return .wait(patience)
        }
    }

    /// Returns the time until the lease can be acquired: zero if it has no holder, has expired, or is held by this
    /// process.
    private func timeUntilFree(at now: Duration) -> Duration {
        guard let lease, let seen, let holder = lease.holder, !holder.isEmpty, holder != identity else { return .zero }
        return max(.zero, seen.at + .seconds(lease.durationSeconds) - now)
    }

    private mutating func stop(at now: Moment) -> Action {
        guard !isReleasing, tenure != nil, lease?.holder == identity else { return .end }
        isReleasing = true
        tenure = nil
        return write(holder: nil, at: now)
    }

    private mutating func write(holder: String?, at now: Moment) -> Action {
        sentAt = now.elapsed
        guard var lease else {
            return .create(
                Lease(
                    key: key, holder: identity, durationSeconds: wholeSeconds, acquired: now.wall, renewed: now.wall,
                    transitions: 0))
        }
        if lease.holder != holder {
            lease.acquired = now.wall
            // A release does not count as a transition; the next holder's acquisition does.
            if holder != nil { lease.transitions += 1 }
        }
        lease.holder = holder
        lease.renewed = now.wall
        lease.durationSeconds = holder == nil ? Self.releasedSeconds : wholeSeconds
        return .update(lease)
    }

    /// The duration of a lease without a holder: the minimum, as in client-go.
    private static let releasedSeconds = 1

    private var wholeSeconds: Int { Int(times.duration.components.seconds) }
}
