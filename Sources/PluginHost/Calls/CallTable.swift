import PluginProtocol
import SystemIO

/// The open calls of one plugin process, queued or in flight, with their deadlines.
///
/// Queued calls can be sent together in a batch, which is in flight with its own id.
///
/// A call that has ended for its caller (deadline, cancellation) but that the plugin has not answered still counts as
/// in flight, so that a plugin never has more than `maxInFlight` calls.
struct CallTable {
    struct Call {
        let method: ProtocolMethod
        let timeout: Duration
        let deadline: Duration
        /// The subject; nil for the host's own calls and for a batch.
        let subject: CallSubject?
        /// The request; nil once sent.
        fileprivate var request: PluginRequest?
        fileprivate var sentAt = Duration.zero
        /// Whether the caller has its result.
        fileprivate(set) var isAbandoned = false
        /// How often the whole timeout has passed since the call was sent.
        fileprivate var missed: Int32 = 0
        /// Whether the call was sent in a batch, whose id the answer will have.
        fileprivate(set) var isBatched = false
        /// The calls of a batch, in order.
        fileprivate(set) var members: [Int64] = []

        /// Whether the plugin has received the call with its own id.
        var isSent: Bool { request == nil && !isBatched }
        var isBatch: Bool { !members.isEmpty }
        func latency(now: Duration) -> Duration { now - sentAt }
        fileprivate var party: CallParty { subject?.party ?? CallParty() }
        fileprivate var nextMiss: Duration { sentAt + timeout * (missed + 1) }
        fileprivate var attention: Duration { isAbandoned ? nextMiss : deadline }
    }

    enum Due {
        /// The caller's deadline has passed. A sent call is now abandoned, a queued one removed.
        case expired(Int64, Call)
        /// The whole timeout of a sent call has passed without an answer, possibly not for the first time.
        case missed
    }

    /// The effect of a cancellation: a sent call for which the plugin needs a notification, or nothing.
    enum Cancellation {
        case unknown
        case wasWaiting
        case wasSent
        case wasBatched
    }

    /// Limits of a batch.
    struct BatchBounds {
        let calls: Int
        let bytes: Int
    }

    /// Calls in flight at once.
    var maxInFlight = ProtocolLimits.defaultMaxInFlight
    private(set) var inFlight = 0
    private var batched = 0
    private var calls: [Int64: Call] = [:]
    private var queue = FairQueue()
    private var deadlines = DeadlineQueue<Duration, Int64>()
    private var shares = FairShares()

    var waiting: Int { calls.count - inFlight - batched }
    var nextAttention: Duration? { deadlines.first }

    mutating func add(
        _ request: PluginRequest, id: Int64, about subject: CallSubject? = nil, timeout: Duration, now: Duration
    ) {
        let call = Call(
            method: request.method, timeout: timeout, deadline: now + timeout, subject: subject, request: request)
        calls[id] = call
        queue.append(id, of: call.party)
        schedule(id, call)
    }

    /// Adds a call before all queued ones.
    mutating func prepend(_ request: PluginRequest, id: Int64, timeout: Duration, now: Duration) {
        let call = Call(
            method: request.method, timeout: timeout, deadline: now + timeout, subject: nil, request: request)
        calls[id] = call
        queue.putFirst(id)
        schedule(id, call)
    }

    /// Removes the next queued call for sending, if another may be in flight; if the plugin supports batches, with the
    /// following calls that fit in one.
    ///
    /// - Parameter batchID: the id that a batch will have.
    mutating func sendNext(
        now: Duration, batches: BatchBounds?, batchID: Int64
    ) -> (id: Int64, request: PluginRequest, timeLeft: Duration)? {
        guard inFlight < maxInFlight, let first = popWaiting(now: now) else { return nil }
        if let batches, let batch = popBatch(after: first, now: now, bounds: batches) {
            return send(batch, id: batchID, now: now)
        }
        var call = first.call
        call.request = nil
        call.sentAt = now
        calls[first.id] = call
        begin(call.party)
        return (first.id, first.request, call.deadline - now)
    }

    private typealias Waiting = (id: Int64, call: Call, request: PluginRequest)

    /// Removes and returns the next call of a party below its share.
    private mutating func popWaiting(now: Duration) -> Waiting? {
        let (shares, calls, maxInFlight) = (shares, calls, maxInFlight)
        let next = queue.popNext(
            where: { shares.mayBegin($0, maxInFlight: maxInFlight) },
            isWaiting: { id in calls[id].map { $0.request != nil && now < $0.deadline } ?? false })
        guard let next, let call = calls[next], let request = call.request else { return nil }
        return (next, call, request)
    }

    private mutating func popWaiting(
        of party: CallParty, now: Duration, where fits: (PluginRequest) -> Bool = { _ in true }
    ) -> Waiting? {
        while let id = queue.first(of: party) {
            guard let call = calls[id], let request = call.request, now < call.deadline else {
                queue.removeFirst(of: party)
                continue
            }
            guard fits(request) else { return nil }
            queue.removeFirst(of: party)
            return (id, call, request)
        }
        return nil
    }

    private mutating func begin(_ party: CallParty) {
        inFlight += 1
        shares.begin(party)
    }

    /// Returns the first call and those of its party that fit in a batch; nil if there are none.
    ///
    /// A batch contains calls of one party only, because a source that hangs delays the whole batch.
    private mutating func popBatch(after first: Waiting, now: Duration, bounds: BatchBounds) -> [Waiting]? {
        guard first.request.isBatchable else { return nil }
        var batch = [first]
        var bytes = first.request.bytesInBatch
        while batch.count < bounds.calls,
            let next = popWaiting(
                of: first.call.party, now: now,
                where: { $0.fitsInBatch(with: first.request) && bytes + $0.bytesInBatch <= bounds.bytes })
        {
            bytes += next.request.bytesInBatch
            batch.append(next)
        }
        return batch.count > 1 ? batch : nil
    }

    private mutating func send(
        _ batch: [Waiting], id: Int64, now: Duration
    ) -> (id: Int64, request: PluginRequest, timeLeft: Duration) {
        for member in batch {
            var call = member.call
            call.request = nil
            call.isBatched = true
            calls[member.id] = call
        }
        batched += batch.count
        let deadline = batch.map(\.call.deadline).max() ?? now
        let timeout = batch.map(\.call.timeout).max() ?? .zero
        var carrier = Call(
            method: .getMetricValues, timeout: timeout, deadline: deadline, subject: batch.first?.call.subject,
            request: nil)
        carrier.sentAt = now
        carrier.members = batch.map(\.id)
        calls[id] = carrier
        begin(carrier.party)
        schedule(id, carrier)
        return (id, .batch(batch.map(\.request)), deadline - now)
    }

    /// Returns the call in flight with that id.
    func sent(_ id: Int64) -> Call? {
        guard let call = calls[id], call.isSent else { return nil }
        return call
    }

    /// Returns whether the call is part of a batch and its caller still waits.
    func isBatched(_ id: Int64) -> Bool { calls[id]?.isBatched == true }

    /// The only call in flight, if there is just one.
    var onlySent: Int64? {
        inFlight == 1 ? calls.first { $0.value.isSent }?.key : nil
    }

    /// Removes a call that has ended, before or after it was sent.
    mutating func remove(_ id: Int64) {
        guard let call = calls.removeValue(forKey: id) else { return }
        if call.isSent {
            inFlight -= 1
            shares.end(call.party)
        }
        if call.isBatched { batched -= 1 }
    }

    mutating func cancel(_ id: Int64) -> Cancellation {
        guard let call = calls[id], !call.isAbandoned else { return .unknown }
        abandon(id, call)
        if call.isBatched { return .wasBatched }
        return call.isSent ? .wasSent : .wasWaiting
    }

    /// Returns the next item that is due; nil if there is none.
    mutating func nextDue(now: Duration) -> Due? {
        while let id = deadlines.popDue(now) {
            guard var call = calls[id] else { continue }
            if !call.isAbandoned, now >= call.deadline {
                abandon(id, call)
                return .expired(id, call)
            }
            guard call.isSent, now >= call.nextMiss else {
                schedule(id, call)
                continue
            }
            call.missed += 1
            calls[id] = call
            schedule(id, call)
            return .missed
        }
        return nil
    }

    /// The subjects of the calls that the plugin has received and not answered.
    var subjectsInFlight: [CallSubject] {
        calls.values.filter { ($0.isSent && !$0.isBatch) || $0.isBatched }.compactMap(\.subject)
    }

    /// Removes every call and returns, in order, the ids of those whose callers still wait.
    mutating func removeAll() -> [Int64] {
        let open = calls.filter { !$0.value.isAbandoned && !$0.value.isBatch }.keys.sorted()
        self = CallTable()
        return open
    }

    /// Handles a cancelled caller: a waiting call is removed, a sent one stays until the plugin answers.
    private mutating func abandon(_ id: Int64, _ call: Call) {
        guard call.isSent else { return remove(id) }
        var call = call
        call.isAbandoned = true
        calls[id] = call
        schedule(id, call)
    }

    private mutating func schedule(_ id: Int64, _ call: Call) {
        let calls = calls
        deadlines.insert(id, at: call.attention, live: calls.count) { calls[$0] != nil }
    }
}
