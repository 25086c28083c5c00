/// The natural logarithm and its inverse, without a C library, so that every platform computes the same forecasts.
enum Logarithm {
    private static let ln2 = 0.693_147_180_559_945_3
    /// Enough terms for the precision of a Double.
    private static let terms = 12

    /// - Parameter number: finite and greater than 0.
    static func log(_ number: Double) -> Double {
        var (mantissa, exponent) = (number.significand, Double(number.exponent))
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        // log m = 2 artanh((m - 1) / (m + 1))
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var sum = 0.0
        for term in stride(from: terms, through: 0, by: -1) { sum = sum * square + 1 / Double(2 * term + 1) }
        return 2 * ratio * sum + exponent * ln2
    }

    /// - Parameter number: at most 700 in magnitude; a larger one counts as 700.
    static func exp(_ number: Double) -> Double {
        let number = min(max(number, -700), 700)
        let exponent = (number / ln2).rounded()
        let rest = number - exponent * ln2
        var sum = 1.0
        for term in stride(from: 14, through: 1, by: -1) { sum = 1 + sum * rest / Double(term) }
        return Double(sign: .plus, exponent: Int(exponent), significand: sum)
    }
}
