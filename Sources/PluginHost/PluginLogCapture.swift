import PluginProtocol
import WireFormats

/// One plugin process's way into the log: its stderr cut into lines, secrets struck out, and not too fast.
struct PluginLogCapture {
    /// What the plugin last said, for the message that tells of its end.
    private(set) var lastLine: String?
    private var framer: LineFramer
    private var limiter: LogLimiter
    private var redactor = SecretRedactor()
    /// The end of a piece of a line that is too long, which may be the beginning of a secret.
    private var carried: [UInt8] = []
    /// Configs sent before it was known what in them is secret.
    private var unread: [(type: String, config: PluginConfig)]? = []

    init(now: Duration, maxLineBytes: Int = PluginHostLimits.maxLogLineBytes) {
        framer = LineFramer(maxLineBytes: maxLineBytes)
        limiter = LogLimiter(now: now)
    }

    // MARK: Secrets

    /// The handshake told which config fields are secret.
    mutating func learn(_ metricTypes: [MetricTypeDescription]) {
        redactor = SecretRedactor(metricTypes: metricTypes)
        for (type, config) in unread ?? [] { redactor.learn(type: type, config: config) }
        unread = nil
    }

    /// The plugin is about to get this config.
    mutating func learn(type: String, config: PluginConfig) {
        guard let unread else { return redactor.learn(type: type, config: config) }
        if unread.count < PluginHostLimits.maxSecrets { self.unread?.append((type, config)) }
    }

    func redact(_ failure: PluginFailure) -> PluginFailure { redactor.redact(failure) }

    func redact(_ reading: MetricReading) -> MetricReading { redactor.redact(reading) }

    func redact(_ text: String) -> String { redactor.redact(text) }

    func redact(_ result: Result<PluginAnswer, PluginFailure>) -> Result<PluginAnswer, PluginFailure> {
        guard redactor.knowsSecrets else { return result }
        return result.map(redactor.redact).mapError(redactor.redact)
    }

    // MARK: Lines

    /// The notes for a chunk of stderr.
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

    /// The notes that are left at the end of stderr.
    mutating func finish(now: Duration) -> [PluginNote] {
        var notes: [PluginNote] = []
        if let rest = framer.finish() ?? (carried.isEmpty ? nil : []) { admit(rest, now: now, &notes) }
        let suppressed = limiter.takeSuppressed()
        if suppressed > 0 { notes.append(.suppressed(lines: suppressed)) }
        return notes
    }

    /// The notes to log for one that did not come from stderr.
    mutating func admit(_ note: PluginNote, now: Duration) -> [PluginNote] {
        guard case .pass(let suppressed) = limiter.admit(now: now) else { return [] }
        let redacted = redactor.redact(note)
        return suppressed > 0 ? [.suppressed(lines: suppressed), redacted] : [redacted]
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
        let text = Excerpt.printable(redactor.redact(String(decoding: line, as: UTF8.self)))
        lastLine = text
        notes.append(.stderr(text))
    }
}
