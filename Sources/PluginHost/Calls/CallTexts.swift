import PluginProtocol
import WireFormats

/// Redacts the texts in the answer to one call for its caller.
///
/// The call's own secrets are redacted first, then control characters are removed, and then the text is truncated.
/// Secrets of other calls are not redacted here, so that what a tenant sees does not depend on anything that it may not
/// read. For a call that uses a secret of the administrator, the caller sees no text at all.
struct CallTexts {
    private let plugin: String
    private let secrets: Set<String>
    private let isHidden: Bool

    init(plugin: String, config: PluginConfig, marks: MetricMarks?) {
        self.plugin = plugin
        secrets = marks?.secretTexts(of: config) ?? config.secrets
        // Without marks it is unknown which inherited members are secret.
        isHidden = marks?.hidesTexts(config) ?? !config.inherited.isEmpty
    }

    /// Returns the result for the caller.
    func shown(_ result: Result<PluginAnswer, PluginFailure>) -> Result<PluginAnswer, PluginFailure> {
        switch result {
        case .success(let answer): .success(shown(answer))
        case .failure(let failure): .failure(shown(failure))
        }
    }

    func shown(_ reading: MetricReading) -> MetricReading {
        guard reading.detail != nil || reading.unit != nil else { return reading }
        var reading = reading
        reading.detail = shown(reading.detail)
        reading.unit = shown(reading.unit)
        return reading
    }

    /// Returns whether something is withheld from the caller and has to be logged.
    func withholds(_ result: Result<PluginAnswer, PluginFailure>) -> Bool {
        guard isHidden else { return false }
        return switch result {
        case .success(.verdict(.invalid)): true
        case .success: false
        case .failure(let failure): failure.isInPluginsWords
        }
    }

    private func shown(_ answer: PluginAnswer) -> PluginAnswer {
        switch answer {
        case .reading(let reading): return .reading(shown(reading))
        case .range(var range):
            range.detail = shown(range.detail)
            return .range(range)
        case .verdict(.invalid(let problems)):
            guard !isHidden else {
                return .verdict(
                    .invalid([ConfigProblem(path: "", message: HiddenAnswer.refused.message(plugin: plugin))]))
            }
            return .verdict(
                .invalid(
                    problems.prefix(PluginHostLimits.maxProblems).map {
                        ConfigProblem(path: cleared($0.path), message: cleared($0.message))
                    }))
        case .verdict(.valid), .subscribed, .unsubscribed: return answer
        }
    }

    private func shown(_ failure: PluginFailure) -> PluginFailure {
        switch failure.kind {
        case .answered(var error):
            if isHidden {
                error.message = HiddenAnswer(error).message(plugin: plugin)
                error.path = nil
                return PluginFailure(
                    .answered(error), plugin: plugin, error.message, logMessage: failure.logMessage,
                    retryAfter: failure.retryAfter)
            }
            error.message = cleared(error.message)
            error.path = error.path.map(cleared)
            return .answered(error, plugin: plugin, logMessage: failure.logMessage)
        case .crashed where isHidden:
            return PluginFailure(
                .crashed, plugin: plugin, HiddenAnswer.ended.message(plugin: plugin), logMessage: failure.logMessage,
                retryAfter: failure.retryAfter)
        case .protocolViolation where isHidden && failure.isInPluginsWords:
            return PluginFailure(
                .protocolViolation, plugin: plugin, HiddenAnswer.notUnderstood.message(plugin: plugin),
                logMessage: failure.logMessage)
        default:
            var failure = failure
            failure.message = cleared(failure.message)
            return failure
        }
    }

    private func shown(_ text: String?) -> String? { isHidden ? nil : text.map(cleared) }

    private func cleared(_ text: String) -> String {
        Excerpt.shortened(SecretRedactor(secrets: secrets).redact(text).cleaned)
    }
}

extension PluginFailure {
    /// Whether the message may contain text of the plugin; otherwise it is entirely the host's.
    var isInPluginsWords: Bool {
        switch kind {
        case .answered, .protocolViolation, .crashed: true
        default: false
        }
    }
}
