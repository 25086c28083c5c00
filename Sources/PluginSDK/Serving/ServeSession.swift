import PluginProtocol
import WireFormats

/// A plugin's side of the protocol as a state machine without I/O.
struct ServeSession {
    /// The identity of a call within the session.
    typealias CallToken = Int

    struct Call: Sendable, Hashable {
        let token: CallToken
        /// The index of the metric type among those of the plugin.
        let metricType: Int
        let config: ConfigText
        let targetType: TargetType
        let question: Question
        let deadline: ContinuousClock.Instant
    }

    /// The request of a call.
    enum Question: Sendable, Hashable {
        /// The current value.
        case value
        /// The values at these times.
        case history(RangeWindow)
        /// The values from now on.
        case changes
    }

    enum Step: Equatable {
        case nothing
        /// Send this line.
        case answer([UInt8])
        /// Run the call and report its outcome to ``finish(_:_:)``.
        case start(Call)
        /// Send this line and cancel the call.
        case abandon(CallToken, answer: [UInt8])
        /// Send these lines, cancel all calls and exit.
        case shutDown(answer: [UInt8])
    }

    private struct Pending {
        let id: JSON
        let deadline: ContinuousClock.Instant
    }

    private enum Phase {
        case awaitingInitialize
        case serving
        case draining(until: ContinuousClock.Instant)
        case over
    }

    private let identity: PluginIdentity
    private let validate: (Int, JSON) -> ValidateConfigResult
    private let callMiddles: [[UInt8]]
    private var phase = Phase.awaitingInitialize
    private var maxResponseBytes = ProtocolLimits.maxResponseBytes
    private var lastToken = 0
    /// Calls without an answer.
    private var pending: [CallToken: Pending] = [:]
    private var tokens: [JSON: CallToken] = [:]
    /// Calls that have been answered, but whose code has not returned.
    private var abandoned: Set<CallToken> = []
    private var pushes = PushOutbox()
    /// A lower bound of the pending deadlines, which may belong to an answered call.
    private var earliestDeadline: ContinuousClock.Instant?

    /// - Parameter validate: validates a config of the metric type with that index, without I/O.
    init(identity: PluginIdentity, validate: @escaping (Int, JSON) -> ValidateConfigResult) {
        self.identity = identity
        self.validate = validate
        callMiddles = identity.metricTypes.map { CallLine.middle(metricType: $0.type) }
    }

    // MARK: What the host sends

    mutating func receive(_ line: LineSplitter.Line, now: ContinuousClock.Instant) -> Step {
        let bytes: ArraySlice<UInt8>
        switch line {
        case .overlong:
            let error = PluginError(
                .invalidRequest, "the line is longer than \(identity.capabilities.maxRequestBytes) bytes")
            return .answer(failure(id: .null, error))
        case .complete(let complete): bytes = complete
        }
        if case .serving = phase {
            for (index, middle) in callMiddles.enumerated() {
                if let call = CallLine(bytes, middle: middle) { return receive(call, ofType: index, now: now) }
            }
        }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return .nothing }
        do throws(InvalidHostMessage) {
            switch try HostMessage.decode(bytes) {
            case .notification(let method, let params): return notified(method, params)
            case .request(let id, let method, let params):
                do throws(PluginError) {
                    return try requested(id, method, params, now: now)
                } catch {
                    return .answer(failure(id: id, error))
                }
            }
        } catch {
            return .answer(failure(id: error.id, error.error))
        }
    }

    private mutating func receive(_ line: CallLine, ofType index: Int, now: ContinuousClock.Instant) -> Step {
        let id = JSON.integer(line.id)
        do throws(PluginError) {
            try checkUnused(id)
            let deadline = now + .milliseconds(line.deadlineMs)
            return .start(try start(id, index, line.config, line.targetType, deadline: deadline))
        } catch {
            return .answer(failure(id: id, error))
        }
    }

    private mutating func notified(_ method: String, _ params: JSON) -> Step {
        // JSON-RPC forbids answers to notifications, so unknown ones are ignored.
        guard ProtocolMethod(rawValue: method) == .cancel, let id = params["id"], let token = tokens[id] else {
            return .nothing
        }
        let answer = answer(token, .failure(PluginError(.cancelled, "the host cancelled the call")))
        abandoned.insert(token)
        return .abandon(token, answer: answer)
    }

    private mutating func requested(
        _ id: JSON, _ method: String, _ params: JSON, now: ContinuousClock.Instant
    ) throws(PluginError) -> Step {
        switch id {
        case .integer, .string, .number: break
        default: throw PluginError(.invalidRequest, "id must be a number or a string, not \(id.shapeName)")
        }
        try checkUnused(id)
        let known = ProtocolMethod(rawValue: method)
        if case .awaitingInitialize = phase {
            guard known == .initialize else {
                throw PluginError(.invalidRequest, "\(method.prefix(64)) came before initialize")
            }
            return .answer(try initialize(id, params))
        }
        switch known {
        case .initialize: throw PluginError(.invalidRequest, "initialize came twice")
        case .validateConfig: return .answer(try validateConfig(id, params))
        case .getMetricValue: return .start(try startCall(id, params, now: now))
        case .getMetricRange where identity.capabilities.range:
            return .start(try startRangeCall(id, params, now: now))
        case .subscribe where identity.capabilities.subscribe:
            return .start(try startSubscription(id, params, now: now))
        case .unsubscribe where identity.capabilities.subscribe: return try unsubscribe(id, params)
        case .shutdown: return shutDown(id)
        default: throw PluginError(.methodNotFound, "the plugin has no method \(method.prefix(64))")
        }
    }

    private mutating func initialize(_ id: JSON, _ params: JSON) throws(PluginError) -> [UInt8] {
        let params = try Self.decoding { () throws(JSONPathError) in try InitializeParams(JSONReader(params)) }
        guard let version = ProtocolLimits.versions.first(where: params.protocolVersions.contains) else {
            let spoken = ProtocolLimits.versions.map(String.init).joined(separator: ", ")
            let asked = params.protocolVersions.map(String.init).joined(separator: ", ")
            throw PluginError(
                .unsupportedVersion,
                "the plugin speaks protocol version \(spoken), the host \(asked): update the older one"
            )
        }
        phase = .serving
        maxResponseBytes = min(maxResponseBytes, params.maxResponseBytes)
        let result = InitializeResult(
            protocolVersion: version, pluginName: identity.name, pluginVersion: identity.version,
            metricTypes: identity.metricTypes, capabilities: identity.capabilities)
        return ProtocolLine.result(id: id) { $0.value(result.json) }
    }

    private func validateConfig(_ id: JSON, _ params: JSON) throws(PluginError) -> [UInt8] {
        let params = try Self.decoding { () throws(JSONPathError) in try ValidateConfigParams(JSONReader(params)) }
        let result = validate(try index(ofType: params.type), params.config)
        return bounded(id, ProtocolLine.result(id: id) { $0.value(result.json) })
    }

    private mutating func startCall(
        _ id: JSON, _ params: JSON, now: ContinuousClock.Instant
    ) throws(PluginError) -> Call {
        let params = try Self.decoding { () throws(JSONPathError) in try GetMetricValueParams(JSONReader(params)) }
        return try start(
            id, try index(ofType: params.type), ConfigText(params.config.encoded()), params.targetType,
            deadline: now + .milliseconds(params.deadlineMs))
    }

    private mutating func startRangeCall(
        _ id: JSON, _ params: JSON, now: ContinuousClock.Instant
    ) throws(PluginError) -> Call {
        let params = try Self.decoding { () throws(JSONPathError) in try GetMetricRangeParams(JSONReader(params)) }
        return try start(
            id, try index(ofType: params.type), ConfigText(params.config.encoded()), params.targetType,
            .history(params.window),
            deadline: now + .milliseconds(params.deadlineMs))
    }

    private mutating func startSubscription(
        _ id: JSON, _ params: JSON, now: ContinuousClock.Instant
    ) throws(PluginError) -> Call {
        let params = try Self.decoding { () throws(JSONPathError) in try GetMetricValueParams(JSONReader(params)) }
        let index = try index(ofType: params.type)
        guard case .integer = id else {
            throw PluginError(
                .invalidRequest, "the id of subscribe must be a whole number, because readings refer to it")
        }
        guard pushes.count < ServeLimits.maxSubscriptions else {
            throw PluginError(.cannotSubscribe, "there are \(pushes.count) subscriptions, which is the maximum")
        }
        return try start(
            id, index, ConfigText(params.config.encoded()), params.targetType, .changes,
            deadline: now + .milliseconds(params.deadlineMs))
    }

    private mutating func unsubscribe(_ id: JSON, _ params: JSON) throws(PluginError) -> Step {
        let params = try Self.decoding { () throws(JSONPathError) in try UnsubscribeParams(JSONReader(params)) }
        let answer = ProtocolLine.result(id: id) { $0.value([:]) }
        guard let token = pushes.close(id: params.subscription) else { return .answer(answer) }
        return .abandon(token, answer: answer)
    }

    private mutating func start(
        _ id: JSON, _ metricType: Int, _ config: ConfigText, _ targetType: TargetType, _ question: Question = .value,
        deadline: ContinuousClock.Instant
    ) throws(PluginError) -> Call {
        let maxInFlight = identity.capabilities.maxInFlight
        guard pending.count < maxInFlight else {
            throw PluginError(.busy, "\(maxInFlight) calls are in flight, which is the plugin's maxInFlight")
        }
        guard abandoned.count < ServeLimits.maxAbandonedCalls else {
            throw PluginError(
                .busy, "\(abandoned.count) calls still run although they were cancelled: restart the plugin")
        }
        lastToken += 1
        pending[lastToken] = Pending(id: id, deadline: deadline)
        tokens[id] = lastToken
        earliestDeadline = min(earliestDeadline ?? deadline, deadline)
        return Call(
            token: lastToken, metricType: metricType, config: config, targetType: targetType, question: question,
            deadline: deadline)
    }

    private mutating func shutDown(_ id: JSON) -> Step {
        let error = PluginError(.cancelled, "the plugin was shut down")
        var lines = pending.keys.sorted().flatMap { answer($0, .failure(error)) }
        lines += ProtocolLine.result(id: id) { $0.value([:]) }
        phase = .over
        return .shutDown(answer: lines)
    }

    private func checkUnused(_ id: JSON) throws(PluginError) {
        guard tokens[id] == nil else { throw PluginError(.invalidRequest, "a call with id \(id) is in flight") }
    }

    private func index(ofType type: String) throws(PluginError) -> Int {
        guard let index = identity.metricTypes.firstIndex(where: { $0.type == type }) else {
            let known = identity.metricTypes.map { "\"\($0.type)\"" }.joined(separator: ", ")
            throw PluginError(
                .invalidParams, "the plugin has no metric type \"\(type.prefix(64))\", only \(known)")
        }
        return index
    }

    private static func decoding<Value>(
        _ read: () throws(JSONPathError) -> Value
    ) throws(PluginError) -> Value {
        do throws(JSONPathError) {
            return try read()
        } catch {
            throw PluginError(.invalidParams, error.description, path: error.path)
        }
    }

    // MARK: What the calls report

    /// Handles that the code of a call has returned. Returns the answer, or nil if the call was answered before.
    mutating func finish(_ token: CallToken, _ outcome: Result<CallAnswer, PluginError>) -> [UInt8]? {
        if abandoned.remove(token) != nil { return nil }
        guard let call = pending[token] else { return nil }
        if case .success(.subscribed) = outcome, case .integer(let id) = call.id {
            pushes.open(token, id: id)
        }
        return answer(token, outcome)
    }

    private mutating func answer(_ token: CallToken, _ outcome: Result<CallAnswer, PluginError>) -> [UInt8] {
        guard let call = pending.removeValue(forKey: token) else { return [] }
        tokens[call.id] = nil
        switch outcome {
        case .failure(let error):
            return failure(id: call.id, error)
        case .success(let answer):
            if let fault = answer.fault { return failure(id: call.id, fault) }
            let line = ProtocolLine.result(id: call.id) { writer in
                switch answer {
                case .reading(let reading): reading.encode(into: &writer)
                case .range(let range): range.encode(into: &writer)
                case .subscribed: writer.value([:])
                }
            }
            return bounded(call.id, line)
        }
    }

    /// Handles a reading of a subscription's code.
    mutating func push(_ reading: MetricReading, from token: CallToken, now: ContinuousClock.Instant) {
        if CallAnswer.reading(reading).fault == nil { pushes.put(reading, from: token, now: now) }
    }

    /// Handles the end of a subscription's code. Returns nil if the host ended it before.
    mutating func endSubscription(_ token: CallToken, because error: PluginError) -> [UInt8]? {
        guard let id = pushes.close(token) else { return nil }
        let end = SubscriptionEnd(subscription: id, message: error.message)
        return ProtocolLine.pluginNotification(method: .subscriptionEnded) { end.encode(into: &$0) }
    }

    /// Returns the lines of the readings that may be sent now.
    mutating func takePushes(now: ContinuousClock.Instant) -> [UInt8] {
        pushes.takeDue(now: now).flatMap { pushed in
            let line = ProtocolLine.pluginNotification(method: .reading) { pushed.encode(into: &$0) }
            // A reading too long for an answer is too long for a push.
            return line.count - 1 <= maxResponseBytes ? line : []
        }
    }

    private func failure(id: JSON, _ error: PluginError) -> [UInt8] {
        bounded(id, ProtocolLine.failure(id: id, error))
    }

    private func bounded(_ id: JSON, _ line: [UInt8]) -> [UInt8] {
        guard line.count - 1 > maxResponseBytes else { return line }
        let error = PluginError(
            .internalError, "the answer has \(line.count - 1) bytes; the maximum is \(maxResponseBytes)")
        return ProtocolLine.failure(id: id, error)
    }

    // MARK: Time

    /// The latest time at which to call ``expire(now:)`` or ``takePushes(now:)``; nil if there is none.
    var nextDeadline: ContinuousClock.Instant? {
        var next = earliestDeadline
        if case .draining(let end) = phase { next = min(next ?? end, end) }
        guard let push = pushes.nextDue else { return next }
        return min(next ?? push, push)
    }

    /// Returns the calls whose deadline has passed, which have to be cancelled, with their answers.
    mutating func expire(now: ContinuousClock.Instant) -> [(token: CallToken, answer: [UInt8])] {
        guard let earliest = earliestDeadline, earliest <= now else { return [] }
        let late = pending.filter { $0.value.deadline <= now }.keys.sorted()
        let answers = late.map { token in
            abandoned.insert(token)
            return (token, answer(token, .failure(PluginError(.deadlineExceeded, "no answer by the deadline"))))
        }
        earliestDeadline = pending.values.lazy.map(\.deadline).min()
        return answers
    }

    /// Handles the end of input: calls in flight have ``ServeLimits/drainTime`` left.
    mutating func endOfInput(now: ContinuousClock.Instant) {
        phase = .draining(until: now + ServeLimits.drainTime)
    }

    /// Returns whether the plugin may exit.
    func isOver(now: ContinuousClock.Instant) -> Bool {
        switch phase {
        case .awaitingInitialize, .serving: false
        case .draining(let end): pending.isEmpty || end <= now
        case .over: true
        }
    }
}

/// A plugin's declaration in the handshake.
struct PluginIdentity: Sendable {
    let name: String
    let version: String
    /// At least one.
    let metricTypes: [MetricTypeDescription]
    let capabilities: PluginCapabilities
}
