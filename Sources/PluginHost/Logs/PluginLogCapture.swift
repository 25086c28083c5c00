import PluginProtocol
import WireFormats

/// Prepares a plugin process's stderr for the log: splits it into lines, redacts secrets, and limits the rate.
struct PluginLogCapture {
    private var lastWords = LastWords()
    private var framer: LineFramer
    private var limiter: LogLimiter
    private var marks: [String: MetricMarks] = [:]
    /// All secrets that the process received from any caller.
    private var redactor = SecretRedactor()
    /// The end of an incomplete piece of a long line, which may be the beginning of a secret.
    private var carried: [UInt8] = []
    /// Configs sent before their secret fields were known.
    private var unread: [(type: String, config: PluginConfig)]? = []
    /// When withheld texts were last logged.
    private var withheld: [String: Duration] = [:]

    init(now: Duration, maxLineBytes: Int = PluginHostLimits.maxLogLineBytes) {
        framer = LineFramer(maxLineBytes: maxLineBytes)
        limiter = LogLimiter(now: now)
    }

    /// The line that says why the plugin ended.
    var lastLine: String? { lastWords.line }

    // MARK: Secrets

    /// Learns from the handshake which config fields are secret.
    mutating func learn(_ metricTypes: [MetricTypeDescription]) {
        marks = Dictionary(metricTypes.map { ($0.type, MetricMarks($0)) }) { first, _ in first }
        for (type, config) in unread ?? [] { learnSecrets(type: type, config: config) }
        unread = nil
    }

    /// Learns the secrets of a config before the plugin gets it.
    mutating func learn(type: String, config: PluginConfig) {
        guard let unread else { return learnSecrets(type: type, config: config) }
        if unread.count < PluginHostLimits.maxSecrets { self.unread?.append((type, config)) }
    }

    private mutating func learnSecrets(type: String, config: PluginConfig) {
        redactor.learn(marks[type]?.secretTexts(of: config) ?? config.secrets)
    }

    // MARK: Answers

    /// Returns the redaction for the texts of a call.
    func texts(of call: CallSubject, plugin: String) -> CallTexts {
        CallTexts(plugin: plugin, config: call.config, marks: marks[call.type])
    }

    /// Returns a call's result for its caller, and the text for the log.
    mutating func shown(
        _ result: Result<PluginAnswer, PluginFailure>, of call: CallSubject, plugin: String, now: Duration
    ) -> (Result<PluginAnswer, PluginFailure>, [PluginNote]) {
        if case .success(.reading(let reading)) = result, reading.detail == nil, reading.unit == nil {
            return (result, [])
        }
        let texts = texts(of: call, plugin: plugin)
        let result = result.mapError(forLog)
        guard texts.withholds(result) else { return (texts.shown(result), []) }
        return (texts.shown(result), withhold(words(of: result), now: now))
    }

    /// Returns the failure with a message for the log.
    func forLog(_ failure: PluginFailure) -> PluginFailure {
        var failure = failure
        failure.logMessage = cleared(failure.logText, to: PluginHostLimits.maxWithheldCharacters)
        return failure
    }

    /// Returns a text for the log, with all secrets of the process redacted.
    func cleared(_ text: String, to limit: Int = PluginHostLimits.maxMessageCharacters) -> String {
        redactor.redact(text).cleaned.shortened(to: limit, ellipsis: Excerpt.ellipsis)
    }

    private func words(of result: Result<PluginAnswer, PluginFailure>) -> String {
        switch result {
        case .success(.verdict(.invalid(let problems))): problems.map(\.description).joined(separator: "; ")
        case .success: ""
        case .failure(let failure): failure.logText
        }
    }

    private mutating func withhold(_ text: String, now: Duration) -> [PluginNote] {
        let text = cleared(text, to: PluginHostLimits.maxWithheldCharacters)
        if let last = withheld[text], now < last + PluginHostLimits.withheldInterval { return [] }
        if withheld.count >= PluginHostLimits.maxWithheldTexts { withheld = [:] }
        withheld[text] = now
        return admit(.withheld(text), now: now)
    }

    // MARK: Lines

    /// Returns the notes for a chunk of stderr.
    mutating func receive(_ chunk: UnsafeRawBufferPointer, now: Duration) -> [PluginNote] {
        var notes: [PluginNote] = []
        var offset = 0
        while let piece = framer.next(in: chunk, from: &offset) {
            switch piece {
            case .line(let line): carried.isEmpty ? admit(line, now: now, &notes) : admit(Array(line), now: now, &notes)
            case .joined(let line): admit(line, now: now, &notes)
            case .overlong(let piece):
                let text = carried + piece
                let split = text.count - redactor.unfinishedBytes(text)
                carried = []
                admit(Array(text[..<split]), now: now, &notes)
                carried = Array(text[split...])
            }
        }
        return notes
    }

    /// Returns the remaining notes at the end of stderr.
    mutating func finish(now: Duration) -> [PluginNote] {
        var notes: [PluginNote] = []
        if let rest = framer.finish() ?? (carried.isEmpty ? nil : []) { admit(rest, now: now, &notes) }
        let suppressed = limiter.takeSuppressed()
        if suppressed > 0 { notes.append(.suppressed(lines: suppressed)) }
        return notes
    }

    /// Returns the notes to log for a note from another source than stderr.
    mutating func admit(_ note: PluginNote, now: Duration) -> [PluginNote] {
        guard case .pass(let suppressed) = limiter.admit(now: now) else { return [] }
        let cleared = cleared(note)
        return suppressed > 0 ? [.suppressed(lines: suppressed), cleared] : [cleared]
    }

    private func cleared(_ note: PluginNote) -> PluginNote {
        switch note {
        case .stderr(let line): .stderr(cleared(line, to: PluginHostLimits.maxLogLineBytes))
        case .pluginLog(let level, let text):
            .pluginLog(level: level, text: cleared(text, to: PluginHostLimits.maxLogLineBytes))
        case .rejectedLine(let excerpt, let reason):
            .rejectedLine(
                excerpt: cleared(whole(excerpt), to: PluginHostLimits.maxExcerpt), reason: cleared(reason))
        case .suppressed, .byteOrderMark, .leftBehind, .withheld, .extraAnswer: note
        }
    }

    /// Returns the excerpt without a possible beginning of a secret at its end, if it was truncated there.
    private func whole(_ excerpt: String) -> String {
        let bytes = Array(excerpt.utf8)
        guard bytes.count >= PluginHostLimits.maxUncutExcerptBytes else { return excerpt }
        return String(decoding: bytes.dropLast(redactor.unfinishedBytes(bytes)), as: UTF8.self)
    }

    private mutating func admit(_ piece: [UInt8], now: Duration, _ notes: inout [PluginNote]) {
        let line = carried + piece
        carried = []
        line.withUnsafeBytes { admit($0, now: now, &notes) }
    }

    private mutating func admit(_ line: UnsafeRawBufferPointer, now: Duration, _ notes: inout [PluginNote]) {
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { return }
        let line = line.last == 0x0D ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
        guard case .pass(let suppressed) = limiter.admit(now: now) else { return }
        if suppressed > 0 { notes.append(.suppressed(lines: suppressed)) }
        let text = redactor.redact(String(decoding: line, as: UTF8.self)).cleaned
        lastWords.add(text)
        notes.append(.stderr(text))
    }
}
