import PluginProtocol
import WireFormats

/// The host's side of the conversation with one plugin process, as a state machine without I/O or clock.
///
/// Inputs are bytes, calls and the time; outputs are ``Action``s, which ``PluginSession`` performs in order. The
/// handshake has id 1, calls have higher ids; no id is reused.
struct PluginConnection {
    enum Action: Equatable {
        /// Queue these bytes for the plugin's stdin.
        case write([UInt8])
        /// A call has ended; each is completed exactly once.
        case complete(Int64, Result<PluginAnswer, PluginFailure>)
        case handshakeCompleted(InitializeResult)
        /// The process is unusable. Every call has been completed.
        case giveUp(PluginFailure)
        /// The plugin did not answer `initialize`: close its stdin, which makes a plugin that has buffered its answer
        /// write it. The failure applies unless the process reports another.
        case endInput(PluginFailure)
        case log(PluginNote)
        /// Readings that the plugin pushed: the newest of each subscription.
        case pushed([PushedReading])
        /// The plugin has ended the subscription with that id.
        case subscriptionEnded(SubscriptionEnd)
    }

    enum Phase: Equatable {
        /// `initialize` has not been sent yet; calls are queued.
        case starting
        case handshaking
        /// `initialize` was not answered in time, and the plugin's stdin has been closed.
        case expired(PluginFailure)
        case ready
        case stopping
        case over
    }

    let plugin: String
    var counters = PluginCounters()
    var latencies = LatencyWindow()
    static let handshakeID: Int64 = 1
    var phase = Phase.starting
    var nextID = handshakeID + 1
    var calls = CallTable()
    private(set) var capabilities = PluginCapabilities()
    private(set) var framer = LineFramer(maxLineBytes: ProtocolLimits.maxResponseBytes + 1)
    private var hasForgivenMark = false
    private(set) var hasReceived = false
    private var rejectedInRow = 0
    /// The last line that was not a valid message, and the reason.
    private(set) var lastRejected: (excerpt: String, reason: String)?
    private var scattered = ScatteredMessage()
    var missedInRow = 0
    var pushes = PushInbox()
    /// The subjects in flight when the process ended or was given up.
    private(set) var inFlightAtEnd: [CallSubject] = []
    private var unsolicited = FloodMeter(
        perSecond: PluginHostLimits.unsolicitedPerSecond, burst: PluginHostLimits.unsolicitedBurst)
    /// The `unsubscribe` calls in flight, with the subscriptions that they end.
    var unsubscribing: [Int64: Int64] = [:]
    var unwritten = 0
    var lastWriteProgress = Duration.zero
    /// The operator's limit on calls in flight, if the manifest sets one.
    private let maxInFlight: Int

    init(plugin: String, maxInFlight: Int? = nil) {
        self.plugin = plugin
        self.maxInFlight = maxInFlight ?? PluginHostLimits.maxInFlight
    }

    var inFlight: Int { calls.inFlight }
    var waiting: Int { calls.waiting }
    /// The number of active subscriptions.
    var subscriptions: Int { pushes.count }
    /// Whether no call is queued or in flight.
    var isIdle: Bool { calls.inFlight == 0 && calls.waiting == 0 }
    private var isOpen: Bool {
        switch phase {
        case .starting, .handshaking, .expired, .ready: true
        case .stopping, .over: false
        }
    }
    /// Whether `initialize` has been sent and not answered.
    var isHandshaking: Bool {
        switch phase {
        case .handshaking, .expired: true
        case .starting, .ready, .stopping, .over: false
        }
    }

    /// When to call ``tick(now:)`` next.
    var nextWake: Duration? {
        guard let delivery = pushes.nextDelivery else { return nextAttention }
        return nextAttention.map { min($0, delivery) } ?? delivery
    }

    private var nextAttention: Duration? {
        let stall = unwritten > 0 ? lastWriteProgress + PluginHostLimits.writeDeadline : nil
        guard let attention = calls.nextAttention else { return stall }
        return stall.map { min($0, attention) } ?? attention
    }

    // MARK: What the host wants

    /// Sends `initialize`. Calls made before its answer are queued.
    mutating func begin(
        _ params: InitializeParams, timeout: Duration = PluginHostLimits.handshakeTimeout, now: Duration
    ) -> [Action] {
        guard phase == .starting else { return [] }
        phase = .handshaking
        let line = PluginRequest.initialize(params)
        calls.prepend(line, id: Self.handshakeID, timeout: timeout, now: now)
        var actions: [Action] = []
        dispatch(now: now, &actions)
        return actions
    }

    /// Sends the queued calls to a process that needs no handshake, because another process of the same program has
    /// completed it.
    mutating func begin(knowing initialized: InitializeResult, now: Duration) -> [Action] {
        guard phase == .starting else { return [] }
        accept(initialized)
        var actions: [Action] = []
        dispatch(now: now, &actions)
        return actions
    }

    /// Returns an id for ``submit(_:id:timeout:now:)``.
    mutating func reserveID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    /// Queues a call, to be sent as soon as the plugin has capacity.
    ///
    /// - Parameter subject: nil for the host's own calls.
    mutating func submit(
        _ request: PluginRequest, id: Int64, about subject: CallSubject? = nil, timeout: Duration, now: Duration
    ) -> [Action] {
        guard isOpen else { return [.complete(id, .failure(.stopping(plugin)))] }
        guard calls.waiting < PluginHostLimits.maxQueuedCalls else {
            return [.complete(id, .failure(.busy(plugin, maxInFlight: calls.maxInFlight)))]
        }
        calls.add(request, id: id, about: subject, timeout: timeout, now: now)
        var actions: [Action] = []
        dispatch(now: now, &actions)
        return actions
    }

    /// Ends the plugin's subscription with that id. The answer is not awaited.
    mutating func unsubscribe(_ subscription: Int64, now: Duration) -> [Action] {
        guard isOpen, calls.waiting < PluginHostLimits.maxQueuedCalls else {
            pushes.close(subscription)
            return []
        }
        let id = reserveID()
        unsubscribing[id] = subscription
        return submit(.unsubscribe(subscription), id: id, timeout: PluginHostLimits.subscribeTimeout, now: now)
    }

    /// Ends a call whose caller no longer waits.
    mutating func cancel(_ id: Int64, now: Duration) -> [Action] {
        let cancellation = calls.cancel(id)
        guard cancellation != .unknown else { return [] }
        let failure = PluginFailure(.cancelled, plugin: plugin, "the call was cancelled by its caller")
        var actions = [Action.complete(id, .failure(failure))]
        if cancellation == .wasSent { notifyCancelled(id, now: now, &actions) }
        return actions
    }

    /// Fails open calls and asks the plugin to exit. The caller closes stdin once all bytes are written.
    mutating func stop(now: Duration) -> [Action] {
        guard isOpen else { return [] }
        var actions: [Action] = []
        let asksForExit = phase == .ready
        finish(.stopping(plugin), &actions)
        phase = .stopping
        if asksForExit { write(PluginRequest.shutdown.line(id: reserveID(), deadlineMs: 0), now: now, &actions) }
        return actions
    }

    /// Fails every open call, because the process has ended or will be ended for that reason.
    mutating func end(_ failure: PluginFailure) -> [Action] {
        var actions: [Action] = []
        finish(failure, &actions)
        return actions
    }

    // MARK: What happens

    /// Handles bytes from the plugin's stdout.
    mutating func receive(_ chunk: UnsafeRawBufferPointer, now: Duration) -> [Action] {
        hasReceived = true
        var actions: [Action] = []
        var offset = 0
        while isOpen, let piece = framer.next(in: chunk, from: &offset) {
            switch piece {
            case .line(let line): receive(line: line, now: now, &actions)
            case .joined(let line): line.withUnsafeBytes { receive(line: $0, now: now, &actions) }
            case .overlong: giveUp(.overlongLine(plugin), &actions)
            }
        }
        deliverPushes(now: now, &actions)
        dispatch(now: now, &actions)
        return actions
    }

    /// Handles that the plugin has closed its stdout, which ends the conversation even if its process still runs.
    mutating func outputClosed() -> [Action] {
        guard isOpen else { return [] }
        var actions: [Action] = []
        if case .expired(let failure) = phase {
            giveUp(failure, &actions)
        } else {
            giveUp(.staysAlive, "it closed its stdout while it still ran", &actions)
        }
        return actions
    }

    /// Handles that bytes were written to the plugin's stdin.
    mutating func wrote(_ count: Int, now: Duration) -> [Action] {
        unwritten -= count
        lastWriteProgress = now
        var actions: [Action] = []
        dispatch(now: now, &actions)
        return actions
    }

    /// Handles everything that is due: deadlines, missing answers, a stdin that is not read.
    mutating func tick(now: Duration) -> [Action] {
        var actions: [Action] = []
        while let due = calls.nextDue(now: now) {
            switch due {
            case .expired(let id, let call): expire(id, call, now: now, &actions)
            case .missed: countMissed(&actions)
            }
        }
        if isOpen, unwritten > 0,
            now >= lastWriteProgress + PluginHostLimits.writeDeadline
        {
            giveUp(.readsOn, "it did not read its stdin for \(PluginHostLimits.writeDeadline)", &actions)
        }
        deliverPushes(now: now, &actions)
        dispatch(now: now, &actions)
        return actions
    }

    mutating func accept(_ initialized: InitializeResult) {
        capabilities = initialized.capabilities
        calls.maxInFlight = min(capabilities.maxInFlight, maxInFlight)
        phase = .ready
    }

    // MARK: Lines

    private mutating func receive(line: UnsafeRawBufferPointer, now: Duration, _ actions: inout [Action]) {
        let content = forgiven(line, &actions)
        guard content.count <= ProtocolLimits.maxResponseBytes else { return giveUp(.overlongLine(plugin), &actions) }
        guard !content.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { return }
        let message: PluginMessage
        do {
            message = try PluginMessage.decode(line: content)
        } catch {
            return reject(content, error, &actions)
        }
        rejectedInRow = 0
        scattered.reset()
        let answers = counters.answers
        defer { if counters.answers == answers { countUnsolicited(bytes: content.count, now: now, &actions) } }
        switch message {
        case .result(let id, let result): answered(id, .success(.json(result)), now: now, &actions)
        case .reading(let id, let reading): answered(id, .success(.reading(reading)), now: now, &actions)
        case .failure(let id, let error): answered(id, .failure(error), now: now, &actions)
        case .unaddressedFailure(let error):
            // A plugin that cannot parse a request answers with a null id, which can only refer to the single call in
            // flight.
            guard let id = calls.onlySent else {
                counters.unknownAnswers += 1
                actions.append(.log(.extraAnswer(id: nil, isRepeated: false)))
                return
            }
            answered(id, .failure(error), now: now, &actions)
        case .notification(let method, let params):
            notified(ProtocolMethod(rawValue: method), params, content, now: now, &actions)
        }
    }

    /// Returns the line without a byte order mark and a trailing CR.
    private mutating func forgiven(
        _ line: UnsafeRawBufferPointer, _ actions: inout [Action]
    ) -> UnsafeRawBufferPointer {
        var content = line[...]
        if content.starts(with: [0xEF, 0xBB, 0xBF]) {
            content = content.dropFirst(3)
            if !hasForgivenMark { actions.append(.log(.byteOrderMark)) }
            hasForgivenMark = true
        }
        if content.last == 0x0D { content = content.dropLast() }
        return UnsafeRawBufferPointer(rebasing: content)
    }

    private mutating func reject(
        _ line: UnsafeRawBufferPointer, _ problem: InvalidPluginMessage, _ actions: inout [Action]
    ) {
        let reason = problem.description
        let rule: ProtocolRule = problem.isJSON ? .responseShape : .oneObjectPerLine
        counters.rejectedLines += 1
        rejectedInRow += 1
        let excerpt = Excerpt.raw(line)
        lastRejected = (excerpt, reason)
        actions.append(.log(.rejectedLine(excerpt: excerpt, reason: "\(reason) (rule \(rule.label))")))
        if let id = SalvagedID.find(in: line), let call = calls.sent(id) {
            let what = "its answer to \(call.method.rawValue) cannot be read"
            guard call.method != .initialize else { return giveUp(rule, "\(what): \(reason)", &actions) }
            return fail(id, call, violation(rule, what, reason, in: call), &actions)
        }
        if isHandshaking, LineCause.isMeantAsAnswer(line) {
            return giveUp(rule, "its answer to initialize cannot be read: \(reason)", &actions)
        }
        if let message = scattered.add(line) { return reject(message, &actions) }
        if rejectedInRow > PluginHostLimits.maxRejectedLinesInRow {
            giveUp(
                .violation(
                    .oneObjectPerLine,
                    "\(rejectedInRow) lines in a row on its stdout are not protocol messages ("
                        + (scattered.isUnderWay ? ScatteredMessage.fault : "logs belong on stderr") + ")",
                    plugin: plugin, words: excerpt), &actions)
        }
    }

    /// - Parameter message: a message that was spread over several lines.
    private mutating func reject(_ message: JSON, _ actions: inout [Action]) {
        if isHandshaking { return giveUp(.oneObjectPerLine, ScatteredMessage.fault, &actions) }
        guard let id = message["id"]?.intValue.map(Int64.init), let call = calls.sent(id) else { return }
        let what = "its answer to \(call.method.rawValue) cannot be read"
        fail(id, call, violation(.oneObjectPerLine, what, ScatteredMessage.fault, in: call), &actions)
    }

    /// Returns the failure for a protocol violation in the answer to a call. Text from a batch concerns several callers, so
    /// none of them gets it.
    func violation(_ rule: ProtocolRule, _ what: String, _ reason: String, in call: CallTable.Call) -> PluginFailure {
        call.isBatch
            ? .violation(rule, what, plugin: plugin, words: reason)
            : .violation(rule, "\(what): \(reason)", plugin: plugin)
    }

    /// Counts a line that is not an answer to a call.
    private mutating func countUnsolicited(bytes: Int, now: Duration, _ actions: inout [Action]) {
        guard !unsolicited.take(1 + bytes >> 10, now: now) else { return }
        giveUp(
            .pushRate,
            "it floods its stdout: more than \(PluginHostLimits.unsolicitedPerSecond) lines a second that are not answers",
            &actions)
    }

    // MARK: The end

    mutating func giveUp(_ rule: ProtocolRule, _ what: String, _ actions: inout [Action]) {
        giveUp(.violation(rule, what, plugin: plugin), &actions)
    }

    mutating func giveUp(_ failure: PluginFailure, _ actions: inout [Action]) {
        guard isOpen else { return }
        finish(failure, &actions)
        actions.append(.giveUp(failure))
    }

    private mutating func finish(_ failure: PluginFailure, _ actions: inout [Action]) {
        if phase != .over { inFlightAtEnd = calls.subjectsInFlight }
        phase = .over
        for id in calls.removeAll() where id != Self.handshakeID { actions.append(.complete(id, .failure(failure))) }
    }
}
