import WireFormats

/// The limits of ``SecretStore``.
enum SecretLimits {
    /// How long a Secret is assumed unchanged. Randomized, so that Secrets are not all fetched at once.
    static let lifetime: Duration = .seconds(300)
    static let jitter = 0.1
    /// The minimum time between two fetches of a Secret.
    static let leastInterval: Duration = .seconds(10)
    /// The deadline of one call, including retries, because polls wait for it.
    static let deadline: Duration = .seconds(10)
    /// The share of a token's lifetime after which it is renewed.
    static let tokenLifetimeShare = 0.8
    /// The maximum number of cached Secrets, and of cached tokens; the least recently used are removed first.
    static let maxSecrets = 16_384
    /// One Secret: the API server takes up to 1 MiB of data, a third more in base64.
    static let object = JSONLimits(bytes: 2 << 20, nodes: 4_096)
    /// Bytes of keys and values kept.
    static let maxBytes = 32 << 20
}
