/// Every bound of the serve loop.
enum ServeLimits {
    /// After the end of input, how long calls in flight may still answer. The protocol wants the exit within 2 s.
    static let drainTime: Duration = .milliseconds(1_500)
    /// How long after the host hangs up the process ends even if calls are running; a little more than ``drainTime``.
    static let hangUpGrace: Duration = .milliseconds(1_700)
    static let hangUpCheckMicroseconds: UInt32 = 50_000
    /// Calls that were given up but whose code still runs. Past it, new calls are `busy`: the plugin ignores
    /// cancellation.
    static let maxAbandonedCalls = 64
    /// The maximum number of subscribed configs.
    static let maxSubscriptions = 16_384
    /// Bytes of one read from the host. Small, so that the first calls of many are answered while the host still reads
    /// and writes others.
    static let readChunkBytes = 8 << 10
    /// Configs kept decoded.
    static let maxCachedConfigs = 16_384
}
