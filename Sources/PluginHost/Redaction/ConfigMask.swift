package import PluginProtocol
package import WireFormats

/// Masks the secrets of configs in what a program shows a person, as the host does in its log.
package struct ConfigMask: Sendable {
    private var texts: Set<String> = []
    private var redactor = SecretRedactor()

    package init() {}

    /// A mask of one secret text alone.
    package init(secret: String) {
        learn([secret])
    }

    /// Learns what the metric type's schema marks with `x-secret` in a config.
    package mutating func learn(_ config: JSON, of type: MetricTypeDescription) {
        learn(MetricMarks(type).secretTexts(of: PluginConfig(config)))
    }

    private mutating func learn(_ secrets: Set<String>) {
        texts.formUnion(secrets.filter { !$0.isEmpty })
        redactor.learn(secrets)
    }

    package func masked(_ bytes: [UInt8]) -> [UInt8] { redactor.redact(bytes) }

    package func masked(_ text: String) -> String { redactor.redact(text) }

    /// The value with its texts masked. A text that is a whole secret is masked even if it is short.
    package func masked(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(texts.contains(text) ? "***" : masked(text))
        case .array(let elements): .array(elements.map(masked))
        case .object(let members):
            .object(
                Dictionary(members.map { (masked($0.key), masked($0.value)) }, uniquingKeysWith: { first, _ in first }))
        default: json
        }
    }

    /// Whether the bytes hold a secret in one of the encodings that are searched for.
    package func findsSecret(in bytes: [UInt8]) -> Bool { redactor.findsSecret(in: bytes) }
}
