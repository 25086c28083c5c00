import PluginProtocol
import WireFormats

extension Check {
    /// Points each address field at sources that do not answer as a source does.
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
                throw .skip("no call asked a source that \(names) named: give --config with which one is asked")
            }
        }
        check.alsoJudges = [.inFlight, .endOfInput]
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

    /// Nil where no config with that field is valid, or the system has nothing left for a source.
    init?(_ configs: AddressConfigs, _ context: CheckContext) throws(Stop) {
        field = configs.field
        self.context = context
        // A program that runs for one call has to start in this time, too.
        deadline =
            context.command.isOneshot
            ? context.times.deadline : min(context.times.deadline, ConformanceLimits.badSourceDeadline)
        var sources: [(source: BadSource, config: JSON)] = []
        do throws(Stop) {
            var choice: Int?
            for behavior in BadSource.Behavior.allCases {
                guard let source = BadSource(behavior) else { break }
                let candidates = configs.candidates(source.port)
                // Which of them is a config, the first source tells for all.
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
        // Side by side, each in a process of its own: most of them take the whole of their time.
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

    /// When an answer has to be there. It may lie in a pipe since before then.
    private func lastLook(_ call: Call) -> ContinuousClock.Instant {
        max(call.due, ContinuousClock.now + ConformanceLimits.quietTime)
    }

    private func judge(_ call: Call) -> Bool {
        let conversation = call.conversation
        if conversation.answer(to: call.ids.lowerBound, by: lastLook(call)) != nil { return true }
        let limit = Conversation.text(deadline)
        let place = "where the source that \(field) names \(call.source.behavior.rawValue)"
        let isLate = conversation.answer(to: call.ids.lowerBound, by: .now + ConformanceLimits.lateWindow) != nil
        context.log.note(
            Finding(
                .deadline,
                isLate
                    ? "get_metric_value is answered after its deadline of \(limit) \(place)"
                    : "get_metric_value is not answered by its deadline of \(limit) or after \(place)",
                fix:
                    "measure the whole call against deadlineMs: a timeout of a library often begins anew with each byte, "
                    + "or covers connecting alone",
                isHang: !isLate))
        return false
    }

    private func judgeBurst(_ call: Call) {
        let answered = call.ids.count { call.conversation.answer(to: $0, by: lastLook(call)) != nil }
        guard answered < call.ids.count else { return }
        context.note(
            .inFlight,
            "of \(call.ids.count) calls in flight, \(answered) are answered by their deadline of "
                + "\(Conversation.text(deadline)) where the source that \(field) names says nothing",
            fix:
                "serve as many calls side by side as maxInFlight says, and count each call's deadlineMs from when it is read"
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
            conversation, .endOfInput, "the end of its input with a call in flight whose source says nothing")
    }
}
