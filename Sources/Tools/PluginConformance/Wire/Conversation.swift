import PluginHost
import PluginProtocol
import WireFormats

/// The exchange of messages between the suite and one plugin process. Records every violation of a rule that applies to
/// all messages, regardless of the check that runs.
final class Conversation {
    typealias Instant = ContinuousClock.Instant

    enum Answer {
        case result(JSON)
        case error(AnswerError)
        /// The plugin did not answer properly; a finding contains the reason.
        case none

        var isNone: Bool { if case .none = self { true } else { false } }
    }

    private enum Slot {
        case open(ProtocolMethod?)
        case answered(Answer)
    }

    let process: PluginProcess
    let isOneshot: Bool
    /// It was told to exit.
    private(set) var mayExit = false
    let times: ConformanceTimes
    let log: FindingLog
    /// Finds a secret that must not appear in an answer.
    var canary: ConfigMask?
    /// Nothing can be asked of the process any more.
    var isOver = false
    /// Called with each notification of the plugin, which is then not kept.
    var observer: ((_ method: String, _ params: JSON) -> Void)?
    private let trace: (@Sendable (Int32, Bool, [UInt8]) -> Void)?
    /// The last id; ids start at 1.
    private var lastID: Int64 = 0
    /// Requests whose answer has not been consumed.
    private var slots: [Int64: Slot] = [:]
    /// The received readings by subscription id.
    private var pushed: [Int64: [JSON]] = [:]
    /// The times of the readings in the last second.
    private var pushTimes: [Int64: [Instant]] = [:]
    /// Set while an answer without an id would be an answer to a notification.
    private var expectsNothing = false

    init(_ command: PluginCommand, options: CheckOptions, log: FindingLog) throws(LaunchError) {
        process = try PluginProcess(command)
        times = options.times
        trace = options.trace
        self.log = log
        isOneshot = command.isOneshot
    }

    private func note(_ finding: Finding) { log.note(finding) }

    // MARK: Asking

    /// Sends a request.
    ///
    /// - Parameter extra: additional members of the message.
    func send(_ method: String, _ params: JSON, extra: [String: JSON] = [:]) -> Int64 {
        write([request(method, params, extra)])
        return lastID
    }

    /// Sends several copies of a request at once.
    func send(_ method: ProtocolMethod, _ params: JSON, times count: Int) -> ClosedRange<Int64> {
        let first = lastID + 1
        write((0..<count).map { _ in request(method.rawValue, params, [:]) })
        return first...lastID
    }

    func notify(_ method: String, _ params: JSON) {
        write([["jsonrpc": "2.0", "method": .string(method), "params": params]])
    }

    private func request(_ method: String, _ params: JSON, _ extra: [String: JSON]) -> JSON {
        lastID += 1
        if method == ProtocolMethod.shutdown.rawValue { mayExit = true }
        slots[lastID] = .open(ProtocolMethod(rawValue: method))
        let message: [String: JSON] = [
            "jsonrpc": "2.0", "id": .integer(lastID), "method": .string(method), "params": params,
        ]
        return .object(message.merging(extra) { $1 })
    }

    private func write(_ messages: [JSON]) {
        let lines = messages.map { $0.encoded(escapesNonASCII: true) }
        if let trace {
            for message in messages {
                trace(process.id, false, log.mask.masked(message).encoded(escapesNonASCII: true))
            }
        }
        guard !isOver else { return }
        // If the plugin does not read it, the waiter for the answer reports the reason.
        _ = process.send(lines.flatMap { $0 + [0x0A] }, until: .now + times.answer(nil))
    }

    func ask(_ method: ProtocolMethod, _ params: JSON) -> Answer {
        answer(to: send(method.rawValue, params), within: times.answer(method))
    }

    // MARK: Listening

    /// Returns the answer to a sent request.
    ///
    /// - Parameter time: the maximum time. A read that takes longer violates the rule of deadlines.
    func answer(to id: Int64, within time: Duration) -> Answer {
        if let found = answer(to: id, by: .now + time + ConformanceLimits.slack) { return found }
        defer { slots[id] = nil }
        guard case .open(let method)? = slots[id], !isOver else { return .none }
        return missed(id, method, after: time)
    }

    /// The answer to a request that was sent; nil if it has not come by then; the caller decides what that means.
    func answer(to id: Int64, by due: Instant) -> Answer? {
        while true {
            if case .answered(let answer)? = slots[id] {
                slots[id] = nil
                noteDetachment()
                return answer
            }
            guard !isOver, listen(until: due) else { return isOver ? Answer.none : nil }
        }
    }

    /// Reads for a short time, to find unsolicited answers.
    func listenForMore(expectingNothing: Bool = false) {
        expectsNothing = expectingNothing
        let end = ContinuousClock.now + ConformanceLimits.quietTime
        while !isOver, listen(until: end) {}
        expectsNothing = false
    }

    /// Takes in what has come, without waiting for more.
    func takeIn(atMost lines: Int) {
        for _ in 0..<lines where !isOver {
            guard listen(until: .now + ConformanceLimits.readTime) else { return }
        }
    }

    /// Reads one line.
    ///
    /// - Returns: false if none arrived in time.
    private func listen(until deadline: Instant) -> Bool {
        switch process.next(until: deadline) {
        case .timeout: return false
        case .line(let line):
            trace?(process.id, true, log.mask.masked(line))
            if canary?.findsSecret(in: line) == true {
                note(Finding(.secretsUnseen, "an answer holds the secret that was sent", evidence: line))
            }
            receive(line)
        case .overlong(let bytes):
            note(
                Finding(
                    .longestAnswer, "a line is longer than \(ProtocolLimits.maxResponseBytes) bytes", evidence: bytes))
            isOver = true
        case .end(let unfinished): ended(unfinished)
        }
        return true
    }

    private func receive(_ line: [UInt8]) {
        switch LineChecker.check(line) {
        case .blank: break
        case .notification(let method, let params):
            if method == ProtocolMethod.reading.rawValue { receivePush(params, line) }
            observer?(method, params)
        case .broken(let finding, let id):
            note(finding)
            if let id, case .open? = slots[id] { slots[id] = .answered(.none) }
        case .unaddressed(let error):
            let rule = expectsNothing ? RuleID.notifications : .oneAnswer
            note(
                Finding(
                    rule, "an error with a null id came (\(error.summary)), without a pending request", evidence: line))
        case .answer(let id, let result): answered(id, result, line)
        }
    }

    // MARK: Pushes

    /// Records that the plugin has accepted a subscription.
    func opens(_ id: Int64) {
        pushed[id] = pushed[id] ?? []
    }

    /// Records that no reading may arrive with that id from now on.
    func closes(_ id: Int64) { pushed[id] = nil }

    /// Returns the readings pushed with that id: waits for the first, and some time for more.
    func pushes(of id: Int64, within time: Duration) -> [JSON] {
        let due = ContinuousClock.now + time + ConformanceLimits.slack
        while !isOver, pushed[id]?.isEmpty == true, listen(until: due) {}
        listenForMore()
        return pushed[id] ?? []
    }

    private func receivePush(_ params: JSON, _ line: [UInt8]) {
        guard let id = params["subscription"]?.intValue.map(Int64.init) else {
            return note(Finding(.pushedReading, "a reading names no subscription", evidence: line))
        }
        // The first may arrive together with the answer, before the answer is consumed.
        if pushed[id] == nil, case .answered(.result)? = slots[id] { pushed[id] = [] }
        guard pushed[id] != nil else {
            return note(
                Finding(.onlySubscribed, "a reading comes under the id \(id), which is not subscribed", evidence: line))
        }
        if observer == nil { pushed[id]?.append(params) }
        countPush(id, line)
    }

    private func countPush(_ id: Int64, _ line: [UInt8]) {
        let now = ContinuousClock.now
        let most = ConformanceLimits.maxPushesInSecond
        let recent = (pushTimes[id] ?? []).filter { now - $0 < .seconds(1) }.suffix(most) + [now]
        pushTimes[id] = Array(recent)
        if recent.count > most {
            note(Finding(.pushRate, "more than \(most) readings of one subscription come in a second", evidence: line))
        }
    }

    private func answered(_ id: Int64, _ result: Result<JSON, AnswerError>, _ line: [UInt8]) {
        guard id >= 1, id <= lastID else {
            let rule = expectsNothing ? RuleID.notifications : .oneAnswer
            note(Finding(rule, "an answer has the id \(id), which no request had", evidence: line))
            // Most likely an answer to the only open request, which then gets no other.
            let open = slots.filter { if case .open = $0.value { true } else { false } }
            if open.count == 1, let only = open.first { slots[only.key] = .answered(.none) }
            return
        }
        guard case .open? = slots[id] else {
            return note(Finding(.oneAnswer, "the request \(id) is answered twice", evidence: line))
        }
        switch result {
        case .success(let value): slots[id] = .answered(.result(value))
        case .failure(let error):
            if let fault = error.fault { note(Finding(.errorShape, fault, evidence: line, fix: error.fix)) }
            slots[id] = .answered(.error(error))
        }
    }

    // MARK: What went wrong

    private func ended(_ unfinished: [UInt8]) {
        isOver = true
        if !unfinished.isEmpty {
            note(Finding(.oneObjectPerLine, "standard output ended in the middle of a line", evidence: unfinished))
        }
        guard !isOneshot, slots.values.contains(where: { if case .open = $0 { true } else { false } }) else { return }
        let exit = process.waitForExit(until: .now + ConformanceLimits.slack)
        let words = process.standardError.lastLine
        let how = exit.map { "it \($0)" } ?? "it closed its standard output"
        let asked = openMethods.isEmpty ? "a request" : openMethods
        note(
            Finding(
                process.standardError.speaksOfExhaustion ? .boundedResources : .staysAlive,
                "\(how) instead of answering \(asked)" + (words.map { "; its last output: \($0)" } ?? "")))
    }

    private var openMethods: String {
        let methods = slots.values.compactMap { if case .open(let method) = $0 { method?.rawValue } else { nil } }
        return Set(methods).sorted().joined(separator: ", ")
    }

    private func missed(_ id: Int64, _ method: ProtocolMethod?, after time: Duration) -> Answer {
        let name = method?.rawValue ?? "the request"
        let limit = Self.text(time)
        let asked = ContinuousClock.now
        if process.unfinishedLine.isEmpty, method == .initialize {
            note(
                Finding(
                    .initialize,
                    "initialize is not answered within \(limit). Is the answer one line, and is stdout flushed after it?",
                    isHang: true))
        } else if process.unreadBytes > 0 {
            note(
                Finding(.readsOn, "\(process.unreadBytes) bytes of requests are not read within \(limit)", isHang: true)
            )
        } else {
            waitForLateAnswer(to: id)
            if case .answered? = slots[id] {
                let late = Self.text(ContinuousClock.now - asked + ConformanceLimits.slack)
                note(
                    Finding(
                        Self.rule(ofHang: method), "\(name) is answered \(late) after its deadline of \(limit)"))
            } else if !isOver {
                note(unanswered(name, limit, Self.rule(ofHang: method)))
            }
        }
        isOver = true
        return .none
    }

    /// Waits for the late window, and again if a line has grown in the meantime.
    private func waitForLateAnswer(to id: Int64) {
        for _ in 0..<ConformanceLimits.maxLateWindows {
            let grown = process.unfinishedLine.count
            let end = ContinuousClock.now + ConformanceLimits.lateWindow
            while !isOver, case .open? = slots[id], listen(until: end) {}
            guard !isOver, case .open? = slots[id], process.unfinishedLine.count > grown else { return }
        }
    }

    /// The rule that says by when a request is answered.
    private static func rule(ofHang method: ProtocolMethod?) -> RuleID {
        switch method {
        case .initialize: .initialize
        case .validateConfig: .validateShape
        case .shutdown: .shutdown
        case .unsubscribe: .unsubscribe
        case .getMetricValue, .getMetricValues, .getMetricRange, .subscribe: .deadline
        case nil: .unknownMethod
        case .cancel, .log, .reading, .subscriptionEnded: .oneAnswer
        }
    }

    private func unanswered(_ name: String, _ limit: String, _ rule: RuleID) -> Finding {
        let unfinished = process.unfinishedLine
        if !unfinished.isEmpty {
            return Finding(.oneObjectPerLine, "\(name) is answered with a line that has no end", evidence: unfinished)
        }
        if let excess = ResourceUse(of: process.id)?.excess {
            return Finding(.boundedResources, "\(excess) while \(name) is not answered", isHang: true)
        }
        return Finding(rule, "\(name) is not answered, within \(limit) or after", isHang: true)
    }

    /// Ends the process if it exceeds the resource limits of a plugin.
    func endIfExcessive() {
        guard !isOver, let excess = ResourceUse(of: process.id)?.excess else { return }
        note(Finding(.boundedResources, excess))
        isOver = true
    }

    static func text(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        return milliseconds < 1_000 ? "\(milliseconds) ms" : "\(Double(milliseconds / 100) / 10) s"
    }
}
