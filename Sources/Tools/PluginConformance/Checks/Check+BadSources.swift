import PluginProtocol
import WireFormats

extension Check {
    /// Points each address field at sources that misbehave.
    static let badSources: Check = {
        var check = Check(.deadline) { context throws(Stop) in
            if context.isBroken(.getMetricValue) { throw .skip("get_metric_value does not work") }
            let fields = AddressConfigs.all(try context.metricType(), good: context.anyConfig())
            if fields.isEmpty { return }
            var isReached = false
            for field in fields.prefix(ConformanceLimits.maxAddressFields) {
                if let trial = try BadSourceTrial(field, context) {
                    defer { trial.end() }
                    if try trial.run() { isReached = true }
                }
            }
            if !isReached {
                let names = fields.map(\.field).joined(separator: ", ")
                throw .skip(
                    "no call connected to a source in \(names): pass a --config with which the plugin connects to one")
            }
        }
        check.alsoChecks = [.inFlight, .endOfInput, .internalErrors]
        return check
    }()
}

/// One address field, and a source of each kind that it is pointed at.
private struct BadSourceTrial {
    private struct Call {
        let source: BadSource
        let conversation: Conversation
        let ids: ClosedRange<Int64>
        let due: ContinuousClock.Instant
    }

    private let field: String
    private let context: CheckContext
    private let sources: [(source: BadSource, config: JSON)]
    private let deadline: Duration

    /// Nil if no config with that field is valid, or the system has no descriptor or thread left.
    init?(_ configs: AddressConfigs, _ context: CheckContext) throws(Stop) {
        field = configs.field
        self.context = context
        // This time includes the start of a program that runs for one call.
        deadline =
            context.command.isOneshot
            ? context.times.deadline : min(context.times.deadline, ConformanceLimits.badSourceDeadline)
        var sources: [(source: BadSource, config: JSON)] = []
        do throws(Stop) {
            var choice: Int?
            for behavior in BadSource.Behavior.allCases {
                guard let source = BadSource(behavior) else { break }
                let candidates = configs.candidates(source.port)
                // The config that is valid with the first source is used with all sources.
                if behavior == BadSource.Behavior.allCases.first { choice = try Self.firstValid(candidates, context) }
                let config = choice.map { candidates[$0] } ?? .null
                sources.append((source: source, config: config))
                if choice == nil { break }
            }
        } catch {
            for source in sources { source.source.close() }
            throw error
        }
        self.sources = sources
        guard sources.count == BadSource.Behavior.allCases.count else {
            end()
            return nil
        }
    }

    private static func firstValid(_ candidates: [JSON], _ context: CheckContext) throws(Stop) -> Int? {
        for (index, config) in candidates.enumerated() {
            if case .valid = try context.validate(config) { return index }
        }
        return nil
    }

    func end() {
        for source in sources { source.source.close() }
    }

    /// - Returns: whether the plugin has asked one of the sources.
    func run() throws(Stop) -> Bool {
        var calls: [Call] = []
        defer { for call in calls { call.conversation.process.kill() } }
        // Concurrently, each in its own process: most of them take all of their time.
        for source in sources { calls.append(try begin(source.source, source.config, count: 1)) }
        let silent = sources.first { $0.source.behavior == .saysNothing }
        let atOnce = min(context.handshake?.capabilities.maxInFlight ?? 1, ConformanceLimits.maxCallsAtOnce)
        var burst: Call?
        if let silent, atOnce > 1, !context.command.isOneshot {
            burst = try begin(silent.source, silent.config, count: atOnce)
        }
        defer { burst?.conversation.process.kill() }
        var silentIsAnswered = false
        for call in calls {
            let isAnswered = judge(call)
            if call.source.behavior == .saysNothing { silentIsAnswered = isAnswered }
        }
        if silentIsAnswered, let burst { judgeBurst(burst) }
        if silentIsAnswered, let silent, !context.command.isOneshot { try judgeExit(silent.source, silent.config) }
        return sources.contains { $0.source.acceptedConnections > 0 }
    }

    private func begin(_ source: BadSource, _ config: JSON, count: Int) throws(Stop) -> Call {
        let conversation = try context.command.isOneshot ? context.launch() : context.fresh()
        let params = try params(config, deadline)
        let ids = conversation.send(.getMetricValue, params, times: count)
        if context.command.isOneshot { conversation.process.closeInput() }
        return Call(
            source: source, conversation: conversation, ids: ids,
            due: .now + deadline + ConformanceLimits.badSourceSlack)
    }

    private func params(_ config: JSON, _ deadline: Duration) throws(Stop) -> JSON {
        try context.valueParams(config).setting("deadlineMs", to: .integer(Int64(deadline / .milliseconds(1))))
    }

    /// The time limit for an answer, extended to read what is already in the pipe.
    private func lastLook(_ call: Call) -> ContinuousClock.Instant {
        max(call.due, ContinuousClock.now + ConformanceLimits.quietTime)
    }

    private func judge(_ call: Call) -> Bool {
        let conversation = call.conversation
        let place = "when the source that \(field) names \(call.source.behavior.rawValue)"
        if let answer = conversation.answer(to: call.ids.lowerBound, by: lastLook(call)) {
            if case .error(let error) = answer { context.noteInternal(error, .getMetricValue, place) }
            return true
        }
        let limit = Conversation.text(deadline)
        let isLate = conversation.answer(to: call.ids.lowerBound, by: .now + ConformanceLimits.lateWindow) != nil
        context.log.note(
            Finding(
                .deadline,
                isLate
                    ? "get_metric_value is answered after its deadline of \(limit) \(place)"
                    : "get_metric_value is never answered (its deadline is \(limit)) \(place)",
                fix:
                    "measure the whole call against deadlineMs: a timeout of a library often restarts with each byte, or "
                    + "covers only the connection",
                isHang: !isLate))
        return false
    }

    private func judgeBurst(_ call: Call) {
        let answered = call.ids.count { call.conversation.answer(to: $0, by: lastLook(call)) != nil }
        guard answered < call.ids.count else { return }
        context.note(
            .inFlight,
            "of \(call.ids.count) calls in flight, \(answered) are answered by their deadline of "
                + "\(Conversation.text(deadline)) when the source that \(field) names sends nothing",
            fix:
                "serve as many calls concurrently as maxInFlight says, and count each call's deadlineMs from when it is read"
        )
    }

    private func judgeExit(_ source: BadSource, _ config: JSON) throws(Stop) {
        let conversation = try context.fresh()
        let before = source.acceptedConnections
        let params = try params(config, ConformanceLimits.hangingCallDeadline)
        let id = conversation.send(ProtocolMethod.getMetricValue.rawValue, params)
        let end = ContinuousClock.now + ConformanceLimits.reachTime
        while source.acceptedConnections == before, ContinuousClock.now < end {
            if conversation.answer(to: id, by: .now + ConformanceLimits.quietTime) != nil { break }
        }
        conversation.process.closeInput()
        context.expectExit(
            conversation, .endOfInput, "the end of its input with a call in flight whose source sends nothing")
    }
}
