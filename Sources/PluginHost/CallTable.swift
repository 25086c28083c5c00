import PluginProtocol

/// The open calls of one plugin process: which wait, which are in flight, and when each wants attention.
///
/// A call that is over for its caller (deadline, cancellation) but that the plugin has not answered keeps its place in
/// flight, so that a plugin never holds more than `maxInFlight` calls.
struct CallTable {
    struct Call {
        let method: ProtocolMethod
        let timeout: Duration
        let deadline: Duration
        /// Nil once sent.
        fileprivate var request: PluginRequest?
        fileprivate var sentAt = Duration.zero
        /// Its caller has been told how it ended.
        fileprivate(set) var isAbandoned = false
        /// Times that the whole timeout passed since the call was sent.
        fileprivate var missed: Int32 = 0

        var isSent: Bool { request == nil }
        fileprivate var nextMiss: Duration { sentAt + timeout * (missed + 1) }
        fileprivate var attention: Duration { isAbandoned ? nextMiss : deadline }
    }

    enum Due {
        /// The caller's deadline has come. A sent call is abandoned now, a waiting one gone.
        case expired(Int64, Call)
        /// A sent call went unanswered for the whole of its timeout, possibly not for the first time.
        case missed
    }

    /// A sent call to tell the plugin about, or nothing.
    enum Cancellation {
        case unknown
        case wasWaiting
        case wasSent
    }

    /// Calls in flight at once.
    var maxInFlight = ProtocolLimits.defaultMaxInFlight
    private(set) var inFlight = 0
    private var calls: [Int64: Call] = [:]
    private var queue = FIFO<Int64>()
    private var deadlines = DeadlineQueue()

    var waiting: Int { calls.count - inFlight }
    var nextAttention: Duration? { deadlines.first }

    mutating func add(_ request: PluginRequest, id: Int64, timeout: Duration, now: Duration) {
        let call = Call(method: request.method, timeout: timeout, deadline: now + timeout, request: request)
        calls[id] = call
        queue.append(id)
        schedule(id, call)
    }

    /// Takes the next waiting call for sending, where another may be in flight.
    mutating func sendNext(now: Duration) -> (id: Int64, request: PluginRequest, timeLeft: Duration)? {
        guard inFlight < maxInFlight else { return nil }
        while let id = queue.popFirst() {
            guard var call = calls[id], let request = call.request, now < call.deadline else { continue }
            call.request = nil
            call.sentAt = now
            calls[id] = call
            inFlight += 1
            return (id, request, call.deadline - now)
        }
        return nil
    }

    /// The call in flight with that id.
    func sent(_ id: Int64) -> Call? {
        guard let call = calls[id], call.isSent else { return nil }
        return call
    }

    /// The only call in flight, where there is just one.
    var onlySent: Int64? {
        inFlight == 1 ? calls.first { $0.value.isSent }?.key : nil
    }

    /// Takes out a call that is over before or after it was sent.
    mutating func remove(_ id: Int64) {
        guard let call = calls.removeValue(forKey: id), call.isSent else { return }
        inFlight -= 1
    }

    mutating func cancel(_ id: Int64) -> Cancellation {
        guard let call = calls[id], !call.isAbandoned else { return .unknown }
        abandon(id, call)
        return call.isSent ? .wasSent : .wasWaiting
    }

    /// The next thing that is due, or nil where nothing is any more.
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

    /// Takes out every call; the ids, in order, of those whose callers still wait.
    mutating func removeAll() -> [Int64] {
        let open = calls.filter { !$0.value.isAbandoned }.keys.sorted()
        self = CallTable()
        return open
    }

    /// The caller has gone: a waiting call goes with it, a sent one stays until the plugin answers.
    private mutating func abandon(_ id: Int64, _ call: Call) {
        guard call.isSent else {
            calls[id] = nil
            return
        }
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
