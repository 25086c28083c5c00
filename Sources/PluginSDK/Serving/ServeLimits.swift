/// The limits of the serve loop.
enum ServeLimits {
    /// How long calls in flight may still be answered after the end of input. The protocol requires the exit within 2
    /// s.
    static let drainTime: Duration = .milliseconds(1_500)
    /// How long after a hang-up of the host the process ends even if calls are running; slightly more than
    /// ``drainTime``.
    static let hangUpGrace: Duration = .milliseconds(1_700)
    static let hangUpCheckMicroseconds: UInt32 = 50_000
    /// Abandoned calls whose code still runs. Beyond this, new calls are `busy`, because the plugin ignores
    /// cancellation.
    static let maxAbandonedCalls = 64
    /// The maximum number of subscribed configs.
    static let maxSubscriptions = 16_384
    /// Bytes of one read from the host. Small, so that the first calls are answered while the host still writes others.
    static let readChunkBytes = 8 << 10
    /// Decoded configs that are cached.
    static let maxCachedConfigs = 16_384
}
