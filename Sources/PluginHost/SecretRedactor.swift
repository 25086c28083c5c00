import PluginProtocol
import WireFormats

/// Strikes the secrets that a plugin was given out of the texts that it writes.
///
/// Secret is what came from a Secret, and what the metric type's schema marks with `"x-secret": true`, wherever the
/// config holds it.
struct SecretRedactor {
    private var marks: [String: MarkedFields] = [:]
    private var secrets = KnownSecrets()

    init(metricTypes: [MetricTypeDescription] = []) {
        for type in metricTypes { marks[type.type] = MarkedFields("x-secret", in: type.configSchema) }
    }

    var knowsSecrets: Bool { !secrets.isEmpty }

    /// Remembers the secrets of a config that the plugin is about to get.
    mutating func learn(type: String, config: PluginConfig) {
        for secret in config.secrets { secrets.learn(secret) }
        guard let marks = marks[type] else { return }
        for field in marks.fields(of: config.json) {
            for secret in field.texts { secrets.learn(secret) }
        }
    }

    func redact(_ text: String) -> String {
        guard knowsSecrets else { return text }
        // Where an excerpt was cut, the secret may go on.
        let isCut = text.hasSuffix(Excerpt.ellipsis)
        let body = isCut ? String(text.dropLast(Excerpt.ellipsis.count)) : text
        return SecretSearch(body, secrets).masked + (isCut ? Excerpt.ellipsis : "")
    }

    /// Bytes at the end of a piece of text that are the beginning of a secret, which may go on in the next piece.
    func unfinishedBytes(_ piece: [UInt8]) -> Int {
        guard knowsSecrets else { return 0 }
        return SecretSearch(piece, secrets).unfinishedBytes
    }
}

extension SecretRedactor {
    func redact(_ failure: PluginFailure) -> PluginFailure {
        guard knowsSecrets else { return failure }
        var failure = failure
        failure.message = redact(failure.message)
        if case .answered(var error) = failure.kind {
            error.message = redact(error.message)
            error.path = error.path.map { redact($0) }
            failure.kind = .answered(error)
        }
        return failure
    }

    func redact(_ reading: MetricReading) -> MetricReading {
        guard knowsSecrets else { return reading }
        var reading = reading
        reading.detail = reading.detail.map { redact($0) }
        reading.unit = reading.unit.map { redact($0) }
        return reading
    }

    func redact(_ answer: PluginAnswer) -> PluginAnswer {
        switch answer {
        case .reading(let reading):
            return .reading(redact(reading))
        case .range(var range):
            range.detail = range.detail.map { redact($0) }
            return .range(range)
        case .verdict(.invalid(let problems)):
            return .verdict(
                .invalid(problems.map { ConfigProblem(path: redact($0.path), message: redact($0.message)) }))
        case .verdict(.valid), .subscribed, .unsubscribed:
            return answer
        }
    }

    func redact(_ note: PluginNote) -> PluginNote {
        switch note {
        case .stderr(let line): .stderr(redact(line))
        case .pluginLog(let level, let text): .pluginLog(level: level, text: redact(text))
        case .rejectedLine(let excerpt, let reason): .rejectedLine(excerpt: redact(excerpt), reason: redact(reason))
        case .suppressed, .byteOrderMark, .leftBehind: note
        }
    }
}
