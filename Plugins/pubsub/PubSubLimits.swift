import WireFormats

/// Every bound of the plugin.
enum PubSubLimits {
    static let maxInFlight = 32
    /// What the access tokens are for.
    static let scope = "https://www.googleapis.com/auth/monitoring.read"
    /// Of one page of time series, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// Pages of one answer. A subscription has one series for each region.
    static let maxPages = 40
    /// Points of one page. A week of one series has ten thousand.
    static let pageSize = 10_000
    /// Points are sampled every 60 s and show up to 120 s later, so that a fresh one may be that old.
    static let maxAge: Duration = .seconds(300)
    static let windowSeconds = 300...86_400
    /// Points and series of one answer, all of its pages together.
    static let maxPoints = 100_000
    static let maxSeries = 4_096
    /// The maximum number of labels of one series, and of entries in any other member of a response.
    static let labels = JSONLimits(bytes: 16 << 10, nodes: 256, depth: 8)
    static let point = JSONLimits(bytes: 4 << 10, nodes: 64, depth: 8)
    /// Of an error answer, or of what stands beside the series.
    static let frame = JSONLimits(bytes: 64 << 10, nodes: 1_024, depth: 16)
}
