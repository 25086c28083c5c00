/// The bounds of the operator's memory of the past.
package enum MemoryLimits {
    /// Bytes of all readings and decisions, regardless of the number of scalers.
    package static let bytes = 24 << 20
    /// Bytes for a few scalers.
    package static let baseBytes = 4 << 20
    /// Bytes for each scaler more, up to ``bytes``.
    package static let bytesPerScaler = 2 << 10
    /// The step of the readings that are kept for longer.
    package static let coarseSeconds: UInt32 = 300
    /// The maximum number of metric names that one scaler has at one time; further ones are not remembered.
    package static let metricsPerScaler = 64

    /// The maximum number of ScalingBudgets, each with at most 50 members.
    package static let budgets = 100

    /// The bytes for that number of scalers.
    package static func bytes(scalers: Int) -> Int { min(bytes, baseBytes + scalers * bytesPerScaler) }
    /// Half is for the readings of every poll.
    static func recentBytes(scalers: Int) -> Int { bytes(scalers: scalers) / 2 }
    /// A quarter is for one reading of each ``coarseSeconds``.
    static func coarseBytes(scalers: Int) -> Int { bytes(scalers: scalers) / 4 }
    /// A quarter is for decisions.
    static func decisionBytes(scalers: Int) -> Int { bytes(scalers: scalers) / 4 }
}
