import PluginProtocol
import WireFormats

/// Strikes the secrets that a plugin was given out of the texts that it writes.
///
/// Secret is what the metric type's schema marks with `"x-secret": true`, wherever the config holds it.
struct SecretRedactor {
    private var pathsByType: [String: [[String]]] = [:]
    private var secrets: Set<String> = []

    init(metricTypes: [MetricTypeDescription] = []) {
        for type in metricTypes {
            let paths = Self.secretPaths(in: type.configSchema, at: [])
            if !paths.isEmpty { pathsByType[type.type] = paths }
        }
    }

    var knowsSecrets: Bool { !secrets.isEmpty }

    /// Remembers the secrets of a config that the plugin is about to get.
    mutating func learn(type: String, config: JSON) {
        guard let paths = pathsByType[type] else { return }
        for path in paths {
            let value = path.reduce(config as JSON?) { value, key in value?[key] }
            guard let secret = value?.stringValue, secret.count >= PluginHostLimits.minSecretCharacters,
                secrets.count < PluginHostLimits.maxSecrets
            else { continue }
            secrets.insert(secret)
        }
    }

    func redact(_ text: String) -> String {
        var result = text
        for secret in secrets where result.contains(secret) {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        return result
    }

    private static func secretPaths(in schema: JSON, at path: [String]) -> [[String]] {
        if schema["x-secret"] == true { return [path] }
        guard let properties = schema["properties"]?.objectValue else { return [] }
        return properties.flatMap { secretPaths(in: $1, at: path + [$0]) }
    }
}

extension SecretRedactor {
    func redact(_ failure: PluginFailure) -> PluginFailure {
        var failure = failure
        failure.message = redact(failure.message)
        if case .answered(var error) = failure.kind {
            error.message = redact(error.message)
            failure.kind = .answered(error)
        }
        return failure
    }

    func redact(_ answer: PluginAnswer) -> PluginAnswer {
        switch answer {
        case .reading(var reading):
            reading.detail = reading.detail.map { redact($0) }
            return .reading(reading)
        case .range(var range):
            range.detail = range.detail.map { redact($0) }
            return .range(range)
        case .verdict(.invalid(let problems)):
            return .verdict(.invalid(problems.map { ConfigProblem(path: $0.path, message: redact($0.message)) }))
        case .verdict(.valid):
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
