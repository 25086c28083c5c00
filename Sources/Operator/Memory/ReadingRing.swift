/// One reading of one metric and the replicas of that poll, as it is kept.
struct KeptReading: Sendable, Hashable {
    /// The number of the metric of a scaler; see ``ScalerMemory``.
    var series: UInt32
    /// Seconds since 1970.
    var seconds: UInt32
    /// The value with the precision of a chart; NaN if there was none, which is never the value 0.
    var value: Float
    var current: Int32
    var recommended: Int32
}

/// Readings in the order in which they came, within a bound of bytes: the oldest are dropped.
struct ReadingRing {
    /// Readings that are allocated, and dropped, together.
    static let chunkReadings = 2_048

    /// Each has ``chunkReadings`` elements, except the last.
    private var chunks: [[KeptReading]] = []

    /// The bytes that the readings occupy.
    var bytes: Int { chunks.count * Self.chunkReadings * MemoryLayout<KeptReading>.stride }

    mutating func append(_ reading: KeptReading, within limit: Int) {
        if chunks.last.map({ $0.count == Self.chunkReadings }) ?? true {
            let chunkBytes = Self.chunkReadings * MemoryLayout<KeptReading>.stride
            while !chunks.isEmpty, bytes + chunkBytes > limit { chunks.removeFirst() }
            var chunk: [KeptReading] = []
            chunk.reserveCapacity(Self.chunkReadings)
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].append(reading)
    }

    /// Calls the body with each reading of the series, oldest first.
    func forEach(of series: Set<UInt32>, _ body: (KeptReading) -> Void) {
        for chunk in chunks {
            for reading in chunk where series.contains(reading.series) { body(reading) }
        }
    }

    /// The time of the oldest reading, of any series.
    var oldestSeconds: UInt32? { chunks.first?.first?.seconds }
}
