import PluginHost
import PluginProtocol
import WireFormats

/// An interactive session with a plugin: makes calls on request, shows what the plugin pushes and logs when it comes,
/// names every broken rule, and starts the plugin again when its program or a file that it can import changes.
///
/// ```swift
/// let repl = PluginRepl(command, options: options) { print($0) }
/// try repl.start()
/// repl.run(.call(.value, nil))
/// repl.end()
/// ```
package final class PluginRepl {
    private let command: PluginCommand
    private let show: (String) -> Void
    private var options: CheckOptions
    private var context: CheckContext
    /// The conversation whose messages are shown.
    private var heard: Conversation?
    private let sources: PluginSources
    private var program: PluginSources.Snapshot?
    /// The program's files at the last check, if they had changed: a file that is being written changes again.
    private var changed: PluginSources.Snapshot?
    private var subscriptions: [Int64: JSON] = [:]

    /// - Parameter show: takes text of one or more lines.
    package init(_ command: PluginCommand, options: CheckOptions, show: @escaping (String) -> Void) {
        self.command = command
        self.options = options
        self.show = show
        sources = PluginSources(command)
        context = CheckContext(command, options: options)
    }

    /// Starts the plugin and shows what it offers.
    ///
    /// - Throws: ``LaunchError`` if its program cannot be started.
    package func start() throws(LaunchError) {
        program = sources.snapshot()
        context = CheckContext(command, options: options)
        do throws(Stop) {
            _ = try context.firstHandshake()
            listen()
            showOffer()
        } catch {
            if case .launch(let error) = error { throw error }
            showFindings()
            show("the plugin does not work yet: change its program, or type reload")
        }
    }

    /// Ends the plugin.
    package func end() {
        subscriptions = [:]
        endProcess()
    }

    private func endProcess() {
        showLog()
        context.endSession()
        heard = nil
        showFindings()
    }

    // MARK: Between requests

    /// The descriptors that are readable if the plugin has written something.
    package var descriptors: [Int32] { heard?.process.outputDescriptors ?? [] }

    /// Shows what the plugin has written, and whether it has ended. Does not wait for more.
    package func showNews() {
        guard let heard else { return }
        heard.takeIn(atMost: ConformanceLimits.replLines)
        showLog()
        showFindings()
        guard heard.isOver else { return }
        let exit = heard.process.waitForExit(until: .now + ConformanceLimits.slack)
        endProcess()
        show("the plugin \(exit?.description ?? "closed its standard output"); the next call restarts it")
    }

    /// Starts the plugin again if its files have changed since the start and not since the last check.
    package func checkProgram() {
        guard let found = sources.snapshot(), found != program else {
            changed = nil
            return
        }
        if found == changed {
            show(sources.changes(from: program ?? [:], to: found))
            restart()
        }
        changed = found
    }

    private func restart() {
        changed = nil
        endProcess()
        do throws(LaunchError) {
            try start()
        } catch {
            show("\(error)")
        }
        let before = subscriptions
        subscriptions = [:]
        guard heard != nil else {
            subscriptions = before
            return
        }
        for (_, config) in before.sorted(by: { $0.key < $1.key }) { subscribe(config) }
    }

    // MARK: Requests

    /// Carries out a request and shows its result.
    package func run(_ request: ReplRequest) {
        showNews()
        switch request {
        case .blank, .exit: break
        case .help: show(ReplRequest.helpText)
        case .reload: restart()
        case .config(let config): setConfig(config)
        case .type(let type): setType(type)
        case .call(let method, let config): call(method, config ?? options.config ?? [:])
        case .subscribe(let config): subscribe(config ?? options.config ?? [:])
        case .unsubscribe(let id): unsubscribe(id)
        }
        showNews()
    }

    private func setConfig(_ config: JSON?) {
        if let config {
            options.config = config
            context.options.config = config
            context.learn(config)
        }
        show("config: \(PrettyJSON.text(context.log.mask.masked(options.config ?? [:])))")
    }

    private func setType(_ type: String?) {
        let types = context.handshake?.metricTypes.map(\.type) ?? []
        guard let type else { return showOffer() }
        guard types.isEmpty || types.contains(type) else {
            return show("the plugin has no metric type \(type); it has \(types.joined(separator: ", "))")
        }
        options.metricType = type
        context.options.metricType = type
        show("type: \(type)")
    }

    private func showOffer() {
        guard let handshake = context.handshake else { return show("the handshake is invalid: see the broken rules") }
        let current = (try? context.metricType())?.type
        let types = handshake.metricTypes.map { $0.type == current ? "\($0.type) (called)" : $0.type }
        let offers = [
            handshake.capabilities.range ? "range" : nil, handshake.capabilities.subscribe ? "subscribe" : nil,
        ].compactMap(\.self)
        show(
            "\(handshake.pluginName) \(handshake.pluginVersion): metric types \(types.joined(separator: ", "))"
                + (offers.isEmpty ? "" : "; capabilities \(offers.joined(separator: ", "))"))
    }

    /// Starts a process if there is none.
    ///
    /// - Returns: false if there is none to call.
    private func isReady() -> Bool {
        if heard == nil, !command.isOneshot { restart() }
        return heard != nil || command.isOneshot && context.handshake != nil
    }

    private func call(_ method: OneCall.Method, _ config: JSON) {
        guard isReady() else { return }
        context.learn(config)
        let start = ContinuousClock.now
        answer { () throws(Stop) in
            let params = try context.params(method, config)
            switch try context.call(method.protocolMethod, params) {
            case .result(let json):
                showAnswer("result", json, since: start)
                try check(json, of: method)
            case .error(let error):
                showAnswer("error", error.json, since: start)
                context.noteInternal(error, method.protocolMethod)
            }
        }
    }

    private func check(_ result: JSON, of method: OneCall.Method) throws(Stop) {
        switch method {
        case .value: ReadingChecker.check(result, context)
        case .validate: _ = try context.verdict(result)
        case .range: Check.judgeRange(result, CheckContext.lastHour(), context)
        case .initialize: break
        }
    }

    private func showAnswer(_ kind: String, _ json: JSON, since start: ContinuousClock.Instant) {
        show("\(kind): \(shown(json))\nin \(Conversation.text(.now - start))")
    }

    /// Carries out a part of a request. If the plugin does not answer, the finding says why, and a new process follows.
    private func answer(_ body: () throws(Stop) -> Void) {
        do throws(Stop) {
            try body()
        } catch {
            showFindings()
            switch error {
            case .launch(let error): show("\(error)")
            case .skip(let reason): show(reason)
            }
            if heard?.isOver != true { context.forgetBroken() }
        }
        showFindings()
    }

    // MARK: Subscriptions

    private func subscribe(_ config: JSON) {
        guard isReady() else { return }
        guard let session = heard, context.handshake?.capabilities.subscribe == true else {
            let reason = command.isOneshot ? "it runs once for each request" : "it has no capability subscribe"
            return show("the plugin cannot push readings: \(reason)")
        }
        context.learn(config)
        answer { () throws(Stop) in
            let params = try context.valueParams(config)
            let id = session.send(ProtocolMethod.subscribe.rawValue, params)
            let reply = try context.reply(session.answer(to: id, within: context.times.deadline), .subscribe)
            if let error = reply.error { return show("error: \(shown(error.json))") }
            session.opens(id)
            subscriptions[id] = config
            show("subscription \(id)")
        }
    }

    private func unsubscribe(_ id: Int64?) {
        guard let session = heard, !subscriptions.isEmpty else { return show("there is no subscription") }
        if let id, subscriptions[id] == nil {
            let ids = subscriptions.keys.sorted().map(String.init).joined(separator: ", ")
            return show("there is no subscription \(id); there is \(ids)")
        }
        for id in id.map({ [$0] }) ?? subscriptions.keys.sorted() {
            subscriptions[id] = nil
            answer { () throws(Stop) in
                let request = session.send(ProtocolMethod.unsubscribe.rawValue, ["subscription": .integer(id)])
                let answer = session.answer(to: request, within: context.times.validate)
                session.closes(id)
                if let error = try context.reply(answer, .unsubscribe).error {
                    return show("error: \(shown(error.json))")
                }
                show("subscription \(id) has ended")
            }
        }
    }

    // MARK: What the plugin says by itself

    private func listen() {
        heard = context.current
        heard?.observer = { [weak self] method, params in self?.receive(method, params) }
    }

    private func receive(_ method: String, _ params: JSON) {
        let id = params["subscription"]?.description ?? "without a number"
        switch ProtocolMethod(rawValue: method) {
        case .reading:
            show("subscription \(id) pushes \(context.log.mask.masked(params.setting("subscription", to: nil)))")
            Check.judgePush(params, context)
        case .subscriptionEnded:
            if let id = params["subscription"]?.intValue { subscriptions[Int64(id)] = nil }
            show("the plugin ends subscription \(id): \(context.log.mask.masked(params["message"] ?? .null))")
        default: show("\(method): \(context.log.mask.masked(params))")
        }
    }

    private func showLog() {
        for line in heard?.process.takeErrorLines() ?? [] {
            show("stderr: \(Evidence.text(context.log.mask.masked(line), limit: ConformanceLimits.replLineBytes))")
        }
    }

    private func showFindings() {
        for finding in context.log.take() {
            show("broken rule \(finding.rule.label): \(finding.message)")
            if let evidence = finding.evidence { show("> \(evidence)") }
            if let fix = finding.fix { show("Fix: \(fix)") }
        }
    }

    private func shown(_ json: JSON) -> String { PrettyJSON.text(context.log.mask.masked(json)) }
}
