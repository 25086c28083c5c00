import NIOCore

/// The limits of the server for metrics and health.
enum StatusLimits {
    static let connections = ConnectionLimits(
        // Prometheus, the kubelet's probes and an administrator's requests need a few connections at a time.
        connections: 64,
        // A metrics page can be several MiB and stays in memory until the client has received it. Several Prometheus
        // servers may scrape at the same time.
        largeResponses: 8,
        idleTime: .seconds(10),
        exchangeTime: .seconds(30),
        headerBytes: 16 << 10)
    /// Metrics pages that are built at one time.
    static let pagesAtOnce = 1
}
