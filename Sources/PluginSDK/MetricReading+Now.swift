#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension MetricReading {
    /// Creates a reading that the source observed just now.
    ///
    /// A value that is not finite is reported as `no_data`.
    public init(
        _ value: Double, unit: String? = nil, detail: String? = nil, isAssumed: Bool = false,
        usefulReplicas: Int? = nil, isActive: Bool? = nil
    ) {
        self.init(
            value: value, unit: unit, observedAtMicroseconds: Self.nowMicroseconds, detail: detail,
            isAssumed: isAssumed, usefulReplicas: usefulReplicas, isActive: isActive)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    private static var nowMicroseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }
}
