import WireFormats

/// Every bound of the plugin.
enum PubSubLimits {
    static let maxInFlight = 32
    /// Of one page of time series, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// Pages of one answer. A subscription has one series for each region.
    static let maxPages = 40
    /// Points of one page. A week of one series has ten thousand.
    static let pageSize = 10_000
    /// Points are sampled every 60 s and show up to 120 s later, so that a fresh one may be that old.
    static let maxAge: Duration = .seconds(300)
    static let windowSeconds = 300...86_400
    /// Points, series, and bytes of the series' labels of one answer, all of its pages together.
    static let maxPoints = 100_000
    static let maxSeries = 4_096
    static let maxLabelBytes = 256 << 10
    /// The maximum number of labels of one series, and of entries in any other member of a response.
    static let labels = JSONLimits(bytes: 16 << 10, nodes: 256, depth: 8)
    static let point = JSONLimits(bytes: 4 << 10, nodes: 64, depth: 8)
    /// Of an error answer, or of what stands beside the series.
    static let frame = JSONLimits(bytes: 64 << 10, nodes: 1_024, depth: 16)
    /// For one step on the way to an access token.
    static let tokenTimeout: Duration = .seconds(10)
    static let maxTokenBodyBytes = 256 << 10
    /// How long a signed assertion, and with it the token it buys, is asked to live. Google allows no more.
    static let assertionSeconds = 3_600
}
