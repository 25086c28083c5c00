import WireFormats

/// The limits of the plugin.
enum PubSubLimits {
    static let maxInFlight = 32
    /// The scope of the access tokens.
    static let scope = "https://www.googleapis.com/auth/monitoring.read"
    /// The maximum size of one page of time series, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// The maximum pages of one response. A subscription has one series for each region.
    static let maxPages = 40
    /// The maximum points of one page. A week of one series has ten thousand.
    static let pageSize = 10_000
    /// The maximum age of a reading: points are sampled every 60 s and appear up to 120 s later.
    static let maxAge: Duration = .seconds(300)
    static let windowSeconds = 300...86_400
    /// The maximum points, series, and bytes of the series' labels of one response, in all its pages.
    static let maxPoints = 100_000
    static let maxSeries = 4_096
    static let maxLabelBytes = 256 << 10
    /// The maximum number of labels of one series, and of entries in any other member of a response.
    static let labels = JSONLimits(bytes: 16 << 10, nodes: 256, depth: 8)
    static let point = JSONLimits(bytes: 4 << 10, nodes: 64, depth: 8)
    /// The limits of an error response, or of the members next to the series.
    static let frame = JSONLimits(bytes: 64 << 10, nodes: 1_024, depth: 16)
}
