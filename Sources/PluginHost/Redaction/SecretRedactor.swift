import PluginProtocol
import WireFormats

/// Redacts secrets in texts.
///
/// Only complete secrets are redacted, in several encodings: redacting the beginning of one would confirm a correct
/// guess at the end of a text. A text is therefore redacted before it is truncated.
struct SecretRedactor {
    private var secrets = KnownSecrets()

    init() {}

    init(secrets: some Sequence<String>) {
        for secret in secrets { self.secrets.learn(secret) }
    }

    var knowsSecrets: Bool { !secrets.isEmpty }

    /// Adds the secrets of a config that the plugin is about to receive.
    mutating func learn(_ secrets: Set<String>) {
        for secret in secrets { self.secrets.learn(secret) }
    }

    func redact(_ text: String) -> String {
        guard knowsSecrets else { return text }
        return SecretSearch(text, secrets).masked
    }

    /// The bytes with `***` in place of each secret; bytes that are not UTF-8 are kept.
    func redact(_ bytes: [UInt8]) -> [UInt8] {
        guard knowsSecrets else { return bytes }
        return SecretSearch(bytes, secrets).maskedBytes
    }

    func findsSecret(in bytes: [UInt8]) -> Bool { knowsSecrets && !SecretSearch(bytes, secrets).isEmpty }

    /// Bytes at the end of a piece of text that are the beginning of a secret, which may continue in the next piece.
    func unfinishedBytes(_ piece: [UInt8]) -> Int {
        guard knowsSecrets else { return 0 }
        return SecretSearch(piece, secrets).unfinishedBytes
    }
}
