import PluginHost
import PluginProtocol
import WireFormats

/// The shared state of the checks of one run: the plugin, its handshake result, and a running process of it.
final class CheckContext {
    /// The reply to a call.
    enum Reply {
        case result(JSON)
        case error(AnswerError)

        var error: AnswerError? {
            if case .error(let error) = self { error } else { nil }
        }
    }

    let command: PluginCommand
    var options: CheckOptions
    let log = FindingLog()
    private(set) var handshake: InitializeResult?
    /// The raw handshake, for members that ``InitializeResult`` reads leniently.
    private(set) var rawHandshake: JSON = .null
    /// Calls after the handshake that were answered.
    private(set) var answeredCalls = 0
    /// Whether a call with the config that should work has been answered with a finite value.
    var hasReadValue = false
    private(set) var current: Conversation?
    private var triedHandshake = false
    /// Methods that crashed the plugin or were not answered, with the rule that explains why.
    private var broken: [ProtocolMethod: RuleID] = [:]

    init(_ command: PluginCommand, options: CheckOptions) {
        self.command = command
        self.options = options
    }

    var times: ConformanceTimes { options.times }

    func note(_ rule: RuleID, _ message: String, evidence: JSON? = nil, fix: String? = nil) {
        log.note(Finding(rule, message, evidence: evidence?.encoded(), fix: fix))
    }

    /// Records that the plugin itself fails at a call with a valid config.
    ///
    /// - Parameter circumstance: what the source does, for the message.
    func noteInternal(_ error: AnswerError, _ method: ProtocolMethod, _ circumstance: String? = nil) {
        guard error.kind == .internalError else { return }
        let place = circumstance.map { " \($0)" } ?? ""
        note(.internalErrors, "\(method.rawValue) is answered\(place) with \(error.summary)", evidence: error.json)
    }

    /// Records what is probably wrong, but breaks no rule that can be checked.
    func warn(_ rule: RuleID, _ message: String, fix: String) {
        log.warnings.append(Finding(rule, message, fix: fix))
    }

    // MARK: Processes

    /// Returns a process of the plugin without a handshake.
    func launch(_ command: PluginCommand? = nil) throws(Stop) -> Conversation {
        do throws(LaunchError) {
            return try Conversation(command ?? self.command, options: options, log: log)
        } catch {
            throw .launch(error)
        }
    }

    /// Starts a separate process and completes the handshake. The caller must call ``end(_:)``.
    func fresh(_ command: PluginCommand? = nil) throws(Stop) -> Conversation {
        if command?.isOneshot ?? self.command.isOneshot { throw .skip("the plugin runs oneshot") }
        if triedHandshake, handshake == nil { throw .skip("the handshake fails: see \(RuleID.initialize.label)") }
        let conversation = try launch(command)
        switch conversation.ask(.initialize, Self.initialize()) {
        case .result: return conversation
        case .error(let error):
            end(conversation)
            throw .skip("initialize is refused: \(error.summary)")
        case .none:
            end(conversation)
            throw .skip("the handshake fails: see \(log.findings.last?.rule.label ?? RuleID.initialize.label)")
        }
    }

    /// Returns the process that most checks share, and starts a new one if the last has ended.
    func session() throws(Stop) -> Conversation {
        if let current, !current.isOver { return current }
        if let current { end(current) }
        current = nil
        let conversation = try fresh()
        current = conversation
        return conversation
    }

    /// Ends the process, and checks for leftovers.
    func end(_ conversation: Conversation) {
        // A plugin that is known not to exit on its own is not waited for again.
        if conversation.isOver || log.findings.contains(where: { $0.rule == .endOfInput }) {
            conversation.process.kill()
        } else {
            conversation.noteDetachment()
            conversation.process.closeInput()
            expectExit(conversation, .endOfInput, "the end of its input")
        }
        checkErrors(conversation)
    }

    /// The standard error of the last or current process.
    var standardError: [UInt8] { current?.process.standardError.bytes ?? [] }

    /// The last line of standard error.
    var lastWords: String? { current?.process.standardError.lastLine }

    func endSession() {
        if let current { end(current) }
        current = nil
    }

    /// Waits for the process to exit.
    func expectExit(_ conversation: Conversation, _ rule: RuleID, _ cause: String) {
        let process = conversation.process
        let grace = ProtocolLimits.exitGrace
        switch process.waitForExit(until: .now + grace + ConformanceLimits.slack) {
        case .code(0): checkForLeftovers(conversation)
        case nil:
            let message = "it still runs \(Conversation.text(grace)) after \(cause)"
            log.note(Finding(rule, message, isHang: true))
        case let exit?:
            let words = process.standardError.lastLine.map { "; its last output: \($0)" } ?? ""
            note(rule, "it \(exit) after \(cause)\(words)")
        }
        process.kill()
    }

    /// Returns whether the method crashed the plugin, or was not answered.
    func isBroken(_ method: ProtocolMethod) -> Bool { broken[method] != nil }

    /// Checks for leftovers after the exit of the process.
    func checkForLeftovers(_ conversation: Conversation) {
        let left = conversation.process.leftovers()
        if !left.processes.isEmpty || left.holdsOutput {
            let who =
                left.processes.isEmpty
                ? "some process" : "the process \(left.processes.map(String.init).joined(separator: ", "))"
            let what = left.holdsOutput ? " and holds its standard output open" : ""
            note(.nothingLeft, "\(who), which the plugin started, outlives it\(what)")
        }
        conversation.process.kill()
    }

    private func checkErrors(_ conversation: Conversation) {
        let errors = conversation.process.standardError
        guard let lines = errors.excessLines else { return }
        log.note(
            Finding(
                .standardError, "\(lines) lines came on standard error in a short time",
                evidence: errors.lastLine.map { Array($0.utf8) }))
    }

    // MARK: Calls

    static func initialize(versions: [Int] = ProtocolLimits.versions) -> JSON {
        InitializeParams(protocolVersions: versions, hostName: "plugin-check", hostVersion: "1").json
    }

    /// Completes the first handshake.
    func firstHandshake() throws(Stop) -> JSON {
        defer { triedHandshake = true }
        guard !command.isOneshot else { return keep(try result(of: single(.initialize, Self.initialize()))) }
        let conversation = try launch()
        current = conversation
        switch conversation.ask(.initialize, Self.initialize()) {
        case .result(let json): return keep(json)
        case .error(let error):
            note(.initialize, "initialize is answered with an error: \(error.summary)", evidence: error.json)
            throw .skip("initialize is refused")
        case .none:
            throw .skip("the handshake fails: see \(log.findings.last?.rule.label ?? RuleID.initialize.label)")
        }
    }

    private func keep(_ json: JSON) -> JSON {
        rawHandshake = json
        // If it is malformed, a check reports it.
        handshake = try? InitializeResult(JSONReader(json))
        for config in [options.config, options.badConfig].compactMap(\.self) { learn(config) }
        return json
    }

    /// Has the secrets of a config masked in everything that is shown.
    func learn(_ config: JSON) {
        for type in handshake?.metricTypes ?? [] { log.mask.learn(config, of: type) }
    }

    /// Allows calls again of methods that were not answered.
    func forgetBroken() { broken = [:] }

    private func result(of reply: Reply) throws(Stop) -> JSON {
        switch reply {
        case .result(let json): return json
        case .error(let error):
            note(.initialize, "initialize is answered with an error: \(error.summary)", evidence: error.json)
            throw .skip("initialize is refused")
        }
    }

    /// Makes one call and waits for its answer.
    func call(_ method: ProtocolMethod, _ params: JSON) throws(Stop) -> Reply {
        if let rule = broken[method] { throw .skip("\(method.rawValue) does not work: see \(rule.label)") }
        if command.isOneshot { return try single(method, params) }
        let session = try session()
        let answer = session.ask(method, params)
        session.endIfExcessive()
        return try reply(session.isOver ? .none : answer, method)
    }

    /// Converts an answer to a reply; ends the check if there is none.
    ///
    /// - Parameter method: nil for an unknown method.
    func reply(_ answer: Conversation.Answer, _ method: ProtocolMethod?) throws(Stop) -> Reply {
        switch answer {
        case .result(let json):
            answeredCalls += 1
            return .result(json)
        case .error(let error):
            answeredCalls += 1
            return .error(error)
        case .none:
            let rule = log.findings.last?.rule ?? .oneAnswer
            // One that reads nothing, or that has left, does not have to be asked everything to know.
            for other in rule == .readsOn ? ProtocolMethod.allCases : [method].compactMap(\.self) {
                broken[other] = rule
            }
            throw .skip("\(method?.rawValue ?? "the request") does not work: see \(rule.label)")
        }
    }

    private func single(_ method: ProtocolMethod, _ params: JSON) throws(Stop) -> Reply {
        try single(method.rawValue, params, known: method)
    }

    /// Sends one request to a separate process, without a handshake.
    ///
    /// - Parameters:
    ///   - extra: further members of the message.
    ///   - known: the method, if it is one of the protocol.
    func single(
        _ method: String, _ params: JSON, extra: [String: JSON] = [:], known: ProtocolMethod?
    ) throws(Stop) -> Reply {
        let conversation = try launch()
        let findings = log.findings.count
        let id = conversation.send(method, params, extra: extra)
        guard command.isOneshot else {
            defer { end(conversation) }
            return try reply(conversation.answer(to: id, within: times.answer(known)), known)
        }
        conversation.process.closeInput()
        let answer = conversation.answer(to: id, within: times.answer(known))
        expectExit(conversation, after: method, isAnswered: log.findings.count > findings || !answer.isNone)
        return try reply(answer, known)
    }

    /// Checks that a process that runs for one request exits afterwards.
    private func expectExit(_ conversation: Conversation, after method: String, isAnswered: Bool) {
        defer { conversation.process.kill() }
        let exit = conversation.process.waitForExit(until: .now + times.deadline)
        let words = conversation.process.standardError.lastLine.map { "; its last output: \($0)" } ?? ""
        switch exit {
        case nil: log.note(Finding(.oneshot, "it does not exit after \(method)", isHang: true))
        case .code(0) where isAnswered:
            conversation.listenForMore()
            checkForLeftovers(conversation)
        case .code(0): note(.oneshot, "it exits without an answer to \(method)\(words)")
        case let exit?: note(.oneshot, "it \(exit) after \(method)\(words)")
        }
        checkErrors(conversation)
    }
}
