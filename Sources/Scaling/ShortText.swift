extension Double {
    /// The number with at most four significant digits and without trailing zeros: `0.0312`, `350`, `1234567`.
    package var shortText: String {
        guard isFinite else { return description }
        let magnitude = abs(self)
        guard magnitude < 1e18, magnitude >= 1e-6 || magnitude == 0 else { return description }
        var decimals = 3
        var bound = 10.0
        while decimals > 0, magnitude >= bound {
            decimals -= 1
            bound *= 10
        }
        var lower = 1.0
        while magnitude > 0, magnitude < lower, decimals < 9 {
            decimals += 1
            lower /= 10
        }
        let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
        let scaled = Int64((magnitude * scale).rounded())
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard fraction > 0 else { return sign + String(whole) }
        var digits = String(fraction)
        digits = String(repeating: "0", count: decimals - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }
}

extension Int {
    /// Returns the number with its noun: `1 replica`, `0 replicas`.
    package func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}

extension Duration {
    /// The duration in whole seconds (rounded up), minutes or hours: `45s`, `5m`, `1h30m`.
    package var shortText: String {
        let seconds = components.seconds + (components.attoseconds > 0 ? 1 : 0)
        guard seconds >= 60 else { return "\(seconds)s" }
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        return (hours > 0 ? "\(hours)h" : "") + (minutes > 0 ? "\(minutes)m" : "") + (rest > 0 ? "\(rest)s" : "")
    }
}
