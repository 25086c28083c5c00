import WireFormats

/// The bounds of ``SecretStore``.
enum SecretLimits {
    /// How long a Secret counts as unchanged; drawn from this far around it, so that not all are fetched at once.
    static let lifetime: Duration = .seconds(300)
    static let jitter = 0.1
    /// The minimum time between two fetches of a Secret.
    static let leastInterval: Duration = .seconds(10)
    /// Of one call, its retries included: polls wait for it.
    static let deadline: Duration = .seconds(10)
    /// Secrets kept; those not used for longest go first.
    static let maxSecrets = 16_384
    /// One Secret: the API server takes up to 1 MiB of data, a third more in base64.
    static let object = JSONLimits(bytes: 2 << 20, nodes: 4_096)
    /// Bytes of keys and values kept.
    static let maxBytes = 32 << 20
}
