/// The levels of a load over 5-minute buckets, for the last days, in two bytes each.
///
/// A level is the logarithm of the load above a unit, `log(1 + load / unit)`: a load of any size has the same relative
/// precision, about 0.02%, and differences far below the unit do not count.
struct LoadHistory: Sendable, Hashable {
    static let bucketSeconds: Int64 = 300
    static let bucketsPerHour = 12
    static let bucketsPerDay = 24 * bucketsPerHour
    /// Just above the level of ``greatestLoad``.
    private static let highest = 28.0
    /// In units. A greater load counts as this one.
    static let greatestLoad = 1e12
    private static let missing = UInt16.max
    private static let steps = Double(UInt16.max - 1)

    /// The encoded levels. Bucket `n` is at `n` modulo their number.
    private var codes: [UInt16]
    /// The newest bucket that was recorded; nil before the first.
    private(set) var newest: Int64?

    init(days: Int) {
        // One hour more: the level then is a mean over an hour (``LoadPattern/smoothing``).
        codes = Array(repeating: Self.missing, count: days * Self.bucketsPerDay + Self.bucketsPerHour)
    }

    var bytes: Int { codes.count * MemoryLayout<UInt16>.stride + 32 }

    static func bucket(of time: Timestamp) -> Int64 {
        let seconds = time.secondsSince1970
        let (quotient, remainder) = seconds.quotientAndRemainder(dividingBy: bucketSeconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Records the level of a bucket; those between it and the newest one have none.
    mutating func record(_ level: Double, at bucket: Int64) {
        if let newest {
            guard bucket > newest - Int64(codes.count) else { return }
            for skipped in stride(from: max(newest + 1, bucket - Int64(codes.count)), to: bucket, by: 1) {
                codes[place(skipped)] = Self.missing
            }
        }
        codes[place(bucket)] = UInt16((min(max(level, 0), Self.highest) / Self.highest * Self.steps).rounded())
        newest = max(newest ?? bucket, bucket)
    }

    subscript(bucket: Int64) -> Double? {
        guard let newest, bucket <= newest, bucket > newest - Int64(codes.count) else { return nil }
        let code = codes[place(bucket)]
        return code == Self.missing ? nil : Double(code) / Self.steps * Self.highest
    }

    /// The mean of the levels of the last buckets up to one, of those that have a level.
    func mean(upTo bucket: Int64, count: Int, and present: Double? = nil) -> Double? {
        var (sum, number) = (present ?? 0, present == nil ? 0.0 : 1.0)
        for place in 0..<Int64(count) {
            guard let level = self[bucket - place] else { continue }
            sum += level
            number += 1
        }
        return number > 0 ? sum / number : nil
    }

    private func place(_ bucket: Int64) -> Int {
        let remainder = Int(bucket % Int64(codes.count))
        return remainder < 0 ? remainder + codes.count : remainder
    }
}
