/// A robust fit of a line, which a few outliers do not affect.
struct TheilSen {
    let slope: Double
    let intercept: Double

    /// The slope is the median of the slopes between all pairs of points, and the intercept is the median of the
    /// residuals: up to 29% of the points may be outliers.
    ///
    /// Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal of the American
    /// Statistical Association 63 (1968), after H. Theil (1950).
    ///
    /// - Returns: nil if no two points differ in `x`.
    init?(_ points: [(x: Double, y: Double)]) {
        var slopes: [Double] = []
        slopes.reserveCapacity(points.count * (points.count - 1) / 2)
        for (index, first) in points.enumerated() {
            for second in points[(index + 1)...] where second.x != first.x {
                slopes.append((second.y - first.y) / (second.x - first.x))
            }
        }
        guard let slope = slopes.median, let intercept = points.map({ $0.y - slope * $0.x }).median else { return nil }
        (self.slope, self.intercept) = (slope, intercept)
    }
}

extension [Double] {
    /// The median; nil for an empty array.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
